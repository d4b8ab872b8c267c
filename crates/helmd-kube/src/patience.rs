//! What is done while an API server does not answer: the same call again, with longer and longer pauses.

use std::time::Duration;

use tokio::time::Instant;

use crate::cluster::Cluster;
use crate::error::KubeError;
use crate::progress::Event;

/// The first pause; each is twice as long as the one before it.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
/// The longest pause.
pub const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// How often a server that asks for patience gets it, as client-go has it.
const MOST_ASKED: u32 = 10;

/// Whether a call was made several times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Repeated {
    /// Once.
    No,
    /// Several times: an earlier one may have been heard, though it was not answered.
    Yes,
}

/// Asks, again and again while the server is away, for at most the handle's patience.
pub(crate) async fn repeat<T, F>(cluster: &Cluster, mut ask: impl FnMut() -> F) -> (Repeated, Result<T, KubeError>)
where
    F: Future<Output = Result<T, KubeError>>,
{
    let patience = cluster.patience();
    let mut repeated = Repeated::No;
    let mut pause = FIRST_PAUSE;
    let mut asked = 0;
    let mut deadline = None;
    loop {
        let err = match ask().await {
            Err(err) if !patience.is_zero() => err,
            result => return (repeated, result),
        };
        let until = *deadline.get_or_insert_with(|| Instant::now() + patience);
        let wait = match away(&err) {
            Away::No => return (repeated, Err(err)),
            Away::AsksFor(_) if asked == MOST_ASKED => return (repeated, Err(err)),
            Away::AsksFor(wait) => {
                asked += 1;
                wait
            }
            Away::Silent => {
                if pause == FIRST_PAUSE {
                    cluster.report(Event::Warning {
                        message: format!("the API server does not answer, trying again: {}", crate::helm_text(&err)),
                    });
                }
                repeated = Repeated::Yes;
                let now = pause;
                pause = (pause * 2).min(LONGEST_PAUSE);
                now
            }
        };
        if Instant::now() + wait > until {
            return (repeated, Err(err));
        }
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = cluster.cancel_token().cancelled() => return (repeated, Err(KubeError::Cancelled)),
        }
    }
}

/// Whether a server is away.
#[derive(Debug, PartialEq, Eq)]
enum Away {
    /// It has answered.
    No,
    /// It has answered that it cannot yet, and when it can.
    AsksFor(Duration),
    /// It has not answered.
    Silent,
}

fn away(err: &KubeError) -> Away {
    match err {
        KubeError::Transport { .. } => Away::Silent,
        KubeError::Api(status) if status.from_gateway => Away::Silent,
        KubeError::Api(status) if status.code == 429 || status.code >= 500 => {
            status.retry_after.map_or(Away::No, |seconds| Away::AsksFor(Duration::from_secs(seconds)))
        }
        _ => Away::No,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ApiStatus;

    #[test]
    fn only_silence_and_asking_for_patience_are_waited_out() {
        let refusal = |code, retry_after, from_gateway| {
            let (reason, message) = (String::new(), String::new());
            KubeError::Api(Box::new(ApiStatus { code, reason, message, retry_after, from_gateway }))
        };
        let status = |code, retry_after| refusal(code, retry_after, false);
        assert_eq!(away(&refusal(502, None, true)), Away::Silent);
        assert_eq!(away(&status(409, Some(1))), Away::No);
        assert_eq!(away(&status(500, None)), Away::No);
        assert_eq!(away(&status(503, Some(2))), Away::AsksFor(Duration::from_secs(2)));
        let silent = KubeError::Transport { method: "Get", url: String::new(), cause: String::new(), timed_out: false };
        assert_eq!(away(&silent), Away::Silent);
        assert_eq!(away(&KubeError::Cancelled), Away::No);
    }
}
