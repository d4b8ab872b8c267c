//! What one render may use.

use crate::fmt::TooLong;
use crate::value::Value;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A budget that ran out. Its text says what, how much was allowed, and how to allow more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exceeded {
    /// The name of the budget, which is also the name of the setting.
    pub budget: &'static str,
    /// How much was allowed.
    pub limit: u64,
    /// Of what.
    pub what: &'static str,
    /// Whether a setting can allow more.
    pub raisable: bool,
}

impl Exceeded {
    /// More than `limit` of `what`.
    pub fn new(budget: &'static str, limit: impl TryInto<u64>, what: &'static str) -> Exceeded {
        Exceeded { budget, limit: limit.try_into().unwrap_or(u64::MAX), what, raisable: true }
    }

    /// More than `limit` of `what`, where `most` is what this program can bear.
    pub fn up_to(budget: &'static str, limit: usize, most: usize, what: &'static str) -> Exceeded {
        Exceeded { raisable: limit < most, ..Exceeded::new(budget, limit, what) }
    }
}

impl fmt::Display for Exceeded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Exceeded { budget, limit, what, raisable } = self;
        if *budget == budgets::TEMPLATE_DEPTH {
            // Go's words
            return write!(f, "exceeded maximum template depth ({limit})");
        }
        // No colon: Helm 4 breaks lines at them.
        write!(f, "budget {budget} exceeded (at most {limit} {what}); ")?;
        if !raisable {
            return f.write_str("this is the most that can be allowed");
        }
        write!(f, "allow more with --budget {budget}=N, or with budgets.{budget} in the configuration")
    }
}

impl std::error::Error for Exceeded {}

/// The names of the budgets that are kept here.
pub mod budgets {
    /// [`Limits::steps`](super::Limits::steps)
    pub const STEPS: &str = "steps";
    /// [`Limits::output_bytes`](super::Limits::output_bytes)
    pub const OUTPUT: &str = "output-bytes";
    /// [`Limits::depth`](super::Limits::depth)
    pub const TEMPLATE_DEPTH: &str = "template-depth";
    /// [`Limits::stack_bytes`](super::Limits::stack_bytes)
    pub const STACK: &str = "stack-bytes";
    /// [`Limits::text_bytes`](super::Limits::text_bytes)
    pub const TEXT: &str = "text-bytes";
    /// [`Limits::items`](super::Limits::items)
    pub const ITEMS: &str = "items";
    /// [`Limits::comparisons`](super::Limits::comparisons)
    pub const COMPARISONS: &str = "comparisons";
    /// [`Limits::memory_bytes`](super::Limits::memory_bytes)
    pub const MEMORY: &str = "memory-bytes";
}

/// Why a render was ended that had no fault of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Stopped {
    /// A budget ran out.
    #[error(transparent)]
    Budget(#[from] Exceeded),
    /// Somebody cancelled it.
    #[error("render cancelled")]
    Cancelled,
}

impl Stopped {
    /// The name of the budget that ran out.
    pub fn budget(self) -> Option<&'static str> {
        match self {
            Stopped::Budget(exceeded) => Some(exceeded.budget),
            Stopped::Cancelled => None,
        }
    }
}

/// Ends a render from another thread. Clones are the same token.
#[derive(Clone, Debug, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// A token that nobody has set.
    pub fn new() -> Cancel {
        Cancel::default()
    }
    /// Ends the render at its next function call, loop turn, or look from within a long function.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
    /// Whether somebody has.
    #[inline]
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
    /// Fails when somebody has; for loops in long functions.
    ///
    /// # Errors
    /// [`Stopped::Cancelled`]
    #[inline]
    pub fn check(&self) -> Result<(), Stopped> {
        if self.is_cancelled() { Err(Stopped::Cancelled) } else { Ok(()) }
    }
}

/// Budgets of one render, shared by all nested executions.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Nodes walked and loops begun.
    pub steps: u64,
    /// Bytes written, nested executions included.
    pub output_bytes: u64,
    /// Depth of `{{template}}` calls and nested executions (Go: 100,000).
    pub depth: usize,
    /// Bytes of the thread's stack that one run may take from where it was started: give a thread's stack size less
    /// 512 KiB. One level of `template` takes about 0.8 KiB in a release build and 1.5 KiB in a development build, one of
    /// `include` 2 and 3.2 KiB, so 100,000 levels of `template` need 150 MiB.
    pub stack_bytes: usize,
    /// Bytes of one text that a function makes.
    pub text_bytes: usize,
    /// Items of one list that a function makes out of little, and values that it copies or merges in one call.
    pub items: usize,
    /// Comparisons of values in one call.
    pub comparisons: usize,
    /// Bytes that functions made in the whole run: texts and lists by their length and something for each call. What was
    /// thrown away meanwhile still counts.
    pub memory_bytes: u64,
    /// Ends the execution soon after it is set.
    pub cancel: Cancel,
}

impl Default for Limits {
    /// Limits that no real chart reaches; the stack fits any thread of 2 MiB.
    fn default() -> Self {
        Limits {
            steps: 200_000_000,
            output_bytes: 256 << 20,
            depth: 100_000,
            stack_bytes: 1536 << 10,
            text_bytes: 64 << 20,
            items: 1 << 20,
            comparisons: 1 << 26,
            memory_bytes: 4 << 30,
            cancel: Cancel::default(),
        }
    }
}

impl Limits {
    /// Refuses a text that would be longer than one may be; `None` is a length beyond counting.
    ///
    /// # Errors
    /// [`Limits::text_bytes`] ran out.
    pub fn text(&self, bytes: impl Into<Option<usize>>) -> Result<(), Stopped> {
        match bytes.into() {
            Some(n) if n <= self.text_bytes => Ok(()),
            _ => Err(self.too_long()),
        }
    }

    /// [`Limits::text_bytes`] ran out.
    pub fn too_long(&self) -> Stopped {
        over(budgets::TEXT, self.text_bytes, "bytes in one text")
    }

    /// Refuses a call that makes or visits so many values.
    ///
    /// # Errors
    /// [`Limits::items`] ran out, or the render was cancelled.
    pub fn items(&self, count: usize) -> Result<(), Stopped> {
        if count > self.items {
            return Err(over(budgets::ITEMS, self.items, "items in one call"));
        }
        if count.is_multiple_of(STEPS_BETWEEN_LOOKS as usize) { self.cancel.check() } else { Ok(()) }
    }

    /// A printed text that was not too long.
    ///
    /// # Errors
    /// [`Limits::text_bytes`] ran out.
    pub fn printed(&self, text: Result<Vec<u8>, TooLong>) -> Result<Vec<u8>, Stopped> {
        text.map_err(|_| self.too_long())
    }

    /// One value as `%v`.
    ///
    /// # Errors
    /// [`Limits::text_bytes`] ran out.
    pub fn format_v(&self, value: &Value) -> Result<Vec<u8>, Stopped> {
        self.printed(crate::fmt::format_v_within(value, self.text_bytes))
    }

    /// What one call may compare.
    pub fn comparing(&self) -> Comparing<'_> {
        Comparing { limits: self, done: 0 }
    }
}

/// Counts the comparisons of one call.
pub struct Comparing<'a> {
    limits: &'a Limits,
    done: usize,
}

impl Comparing<'_> {
    /// Counts one.
    ///
    /// # Errors
    /// [`Limits::comparisons`] ran out, or the render was cancelled.
    #[inline]
    pub fn one(&mut self) -> Result<(), Stopped> {
        self.add(1)
    }

    /// Counts what comparing two texts of this length costs beyond that.
    pub(crate) fn texts(&mut self, bytes: usize) -> Result<(), Stopped> {
        /// A processor compares so many bytes about as fast as it compares two values.
        const BYTES: usize = 256;
        if bytes < BYTES { Ok(()) } else { self.add(bytes / BYTES) }
    }

    /// Counts work that costs as much as so many comparisons.
    ///
    /// # Errors
    /// As [`Comparing::one`].
    #[inline]
    pub fn add(&mut self, count: usize) -> Result<(), Stopped> {
        self.done = self.done.saturating_add(count);
        if self.done > self.limits.comparisons {
            return Err(over(budgets::COMPARISONS, self.limits.comparisons, "comparisons in one call"));
        }
        if count > 1 || (self.done as u64).is_multiple_of(STEPS_BETWEEN_LOOKS) {
            return self.limits.cancel.check();
        }
        Ok(())
    }
}

/// How many steps pass between two looks at the cancel flag where no function is called.
const STEPS_BETWEEN_LOOKS: u64 = 1024;

/// What a function call costs beside its result.
const CALL_BYTES: u64 = 64;

/// What is used up.
pub(super) struct Meter {
    pub limits: Limits,
    steps: u64,
    written: u64,
    made: u64,
    pub depth: usize,
    /// Address of the stack where the run began.
    stack_start: Option<usize>,
}

type Metered = Result<(), Stopped>;

impl Meter {
    pub(super) fn new(limits: Limits) -> Meter {
        Meter { limits, steps: 0, written: 0, made: 0, depth: 0, stack_start: None }
    }

    #[inline]
    pub(super) fn step(&mut self) -> Metered {
        self.steps += 1;
        if self.steps > self.limits.steps {
            return Err(over(budgets::STEPS, self.limits.steps, "template steps"));
        }
        if self.steps.is_multiple_of(STEPS_BETWEEN_LOOKS) { self.limits.cancel.check() } else { Ok(()) }
    }

    /// Counts many steps at once.
    pub(super) fn steps(&mut self, count: usize) -> Metered {
        self.steps = self.steps.saturating_add(count as u64);
        self.step()
    }

    #[inline]
    pub(super) fn write(&mut self, bytes: usize) -> Metered {
        self.written = self.written.saturating_add(bytes as u64);
        if self.written > self.limits.output_bytes {
            return Err(over(budgets::OUTPUT, self.limits.output_bytes, "bytes of output"));
        }
        Ok(())
    }

    /// Counts a call and what it made.
    #[inline]
    pub(super) fn made(&mut self, bytes: u64) -> Metered {
        self.made = self.made.saturating_add(bytes).saturating_add(CALL_BYTES);
        if self.made > self.limits.memory_bytes {
            return Err(over(budgets::MEMORY, self.limits.memory_bytes, "bytes made by functions"));
        }
        Ok(())
    }

    pub(super) fn enter(&self) -> Metered {
        if self.depth > self.limits.depth {
            return Err(over(budgets::TEMPLATE_DEPTH, self.limits.depth, "nested templates"));
        }
        Ok(())
    }

    /// Begins to measure the stack here, unless a run around this one did.
    pub(super) fn start_stack(&mut self) -> bool {
        let first = self.stack_start.is_none();
        if first {
            self.stack_start = Some(stack_address());
        }
        first
    }

    pub(super) fn end_stack(&mut self) {
        self.stack_start = None;
    }

    #[inline]
    pub(super) fn stack(&self) -> Metered {
        let used = self.stack_start.map_or(0, |start| start.abs_diff(stack_address()));
        if used > self.limits.stack_bytes {
            return Err(over(budgets::STACK, self.limits.stack_bytes, "bytes of stack for nested templates"));
        }
        Ok(())
    }
}

#[cold]
fn over(budget: &'static str, limit: impl TryInto<u64>, what: &'static str) -> Stopped {
    Stopped::Budget(Exceeded::new(budget, limit, what))
}

/// About where the stack ends now.
#[inline(never)]
fn stack_address() -> usize {
    let here = 0u8;
    std::hint::black_box(&raw const here) as usize
}
