//! What one render may use.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// A budget that ran out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Budget {
    /// [`Limits::steps`]
    Steps,
    /// [`Limits::output_bytes`]
    Output,
    /// [`Limits::depth`]
    Depth,
    /// [`Limits::stack_bytes`]
    Stack,
    /// [`Limits::cancel`] was set.
    Cancelled,
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
    /// Ends the execution soon after it becomes true.
    pub cancel: Option<Arc<AtomicBool>>,
}

impl Default for Limits {
    /// Limits that no real chart reaches; the stack fits any thread of 2 MiB.
    fn default() -> Self {
        Limits { steps: 200_000_000, output_bytes: 512 << 20, depth: 100_000, stack_bytes: 1536 << 10, cancel: None }
    }
}

/// How many steps pass between two looks at the cancel flag.
const STEPS_BETWEEN_LOOKS: u64 = 1024;

/// What is used up.
pub(super) struct Meter {
    pub limits: Limits,
    steps: u64,
    written: u64,
    pub depth: usize,
    /// Address of the stack where the run began.
    stack_start: Option<usize>,
}

impl Meter {
    pub(super) fn new(limits: Limits) -> Meter {
        Meter { limits, steps: 0, written: 0, depth: 0, stack_start: None }
    }

    #[inline]
    pub(super) fn step(&mut self) -> Result<(), Budget> {
        self.steps += 1;
        if self.steps > self.limits.steps {
            return Err(Budget::Steps);
        }
        if self.steps.is_multiple_of(STEPS_BETWEEN_LOOKS)
            && self.limits.cancel.as_ref().is_some_and(|c| c.load(Ordering::Relaxed))
        {
            return Err(Budget::Cancelled);
        }
        Ok(())
    }

    #[inline]
    pub(super) fn write(&mut self, bytes: usize) -> Result<(), Budget> {
        self.written = self.written.saturating_add(bytes as u64);
        if self.written > self.limits.output_bytes { Err(Budget::Output) } else { Ok(()) }
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

    pub(super) fn stack(&self) -> Result<(), Budget> {
        let used = self.stack_start.map_or(0, |start| start.abs_diff(stack_address()));
        if used > self.limits.stack_bytes { Err(Budget::Stack) } else { Ok(()) }
    }

    /// The error text.
    pub(super) fn words(&self, budget: Budget) -> String {
        match budget {
            Budget::Steps => format!("render budget exceeded: more than {} steps", self.limits.steps),
            Budget::Output => format!("render budget exceeded: more than {} bytes of output", self.limits.output_bytes),
            // Go's words
            Budget::Depth => format!("exceeded maximum template depth ({})", self.limits.depth),
            Budget::Stack => {
                format!("render budget exceeded: nesting needs more than {} bytes of stack", self.limits.stack_bytes)
            }
            Budget::Cancelled => "render cancelled".to_owned(),
        }
    }
}

/// About where the stack ends now.
#[inline(never)]
fn stack_address() -> usize {
    let here = 0u8;
    std::hint::black_box(&raw const here) as usize
}
