//! What to do about a failure, in one sentence.

use crate::explanation::{ContainerState, EventLine, PodState, Unready};

/// What to do about an object that is not ready.
pub(crate) fn of_unready(unready: &Unready) -> String {
    let login = unready.events.iter().rev().find(|event| event.reason == "FailedToRetrieveImagePullSecret");
    if let Some(hint) = login.and_then(of_event) {
        return hint;
    }
    let by_container = unready.pods.iter().flat_map(|pod| &pod.containers).find_map(of_container);
    by_container
        .or_else(|| unready.events.iter().rev().find_map(of_event))
        .or_else(|| unready.pods.iter().find_map(|pod| of_pod(pod, unready.works_once())))
        .unwrap_or_else(|| of_object(unready))
}

fn of_container(container: &ContainerState) -> Option<String> {
    let ContainerState { name, image, .. } = container;
    let out_of_memory = [&container.reason, &container.last_reason].iter().any(|reason| *reason == "OOMKilled");
    if out_of_memory {
        return Some(format!("container {name} needs more memory than resources.limits.memory allows: raise it"));
    }
    Some(match container.reason.as_str() {
        "ErrImagePull" | "ImagePullBackOff" | "ErrImageNeverPull" | "InvalidImageName" => format!(
            "the nodes cannot get image {image:?}: check its name and tag, and imagePullSecrets if its registry wants a login"
        ),
        "CreateContainerConfigError" | "CreateContainerError" | "RunContainerError" => {
            format!(
                "container {name} cannot be made: create what the message names, or correct the chart's reference to it"
            )
        }
        "CrashLoopBackOff" => format!(
            "container {name} ends soon after each start: see its log (kubectl logs --previous), its command and its settings"
        ),
        _ if container.state == "terminated" => {
            let code = container.exit_code.map(|code| format!(" with exit code {code}")).unwrap_or_default();
            format!("container {name} ended{code}: see its log, its command and its settings")
        }
        _ => return None,
    })
}

fn of_event(event: &EventLine) -> Option<String> {
    let message = event.message.as_str();
    Some(match event.reason.as_str() {
        "FailedScheduling" => of_scheduling(message),
        "FailedCreate" if message.contains("exceeded quota") => of_quota(message),
        "FailedCreate" if message.contains("violates PodSecurity") => {
            "the namespace's Pod Security level refuses the pods: set the securityContext that the message asks for"
                .to_owned()
        }
        "FailedCreate" if message.contains("serviceaccount") && message.contains("not found") => {
            "create the ServiceAccount that the message names, or let the chart create it".to_owned()
        }
        "FailedCreate" => "pods are refused: correct what the message names in the pod template".to_owned(),
        "FailedMount" | "FailedAttachVolume" => {
            "a volume cannot be mounted: check that the Secret, ConfigMap or claim that the message names exists"
                .to_owned()
        }
        "FailedToRetrieveImagePullSecret" => {
            "create the Secret that imagePullSecrets names in the release's namespace".to_owned()
        }
        "Unhealthy" => {
            "a probe fails: compare its port, path and times with what the container does, and see its log".to_owned()
        }
        "ProvisioningFailed" | "FailedBinding" => of_claim().to_owned(),
        _ => return None,
    })
}

fn of_scheduling(message: &str) -> String {
    let reasons = [
        (
            "unbound immediate PersistentVolumeClaims",
            "a claim of the pod has no volume: see its storageClassName and kubectl get pvc",
        ),
        ("persistentvolumeclaim", "create the claim that the message names, or correct its name in the pod"),
        ("Insufficient", "no node has room: lower resources.requests, or add nodes"),
        ("node affinity/selector", "no node has the labels: change nodeSelector or affinity, or label a node"),
        ("untolerated taint", "the nodes are tainted: add tolerations, or choose other nodes"),
        ("topology spread", "topologySpreadConstraints cannot be met: relax them, or add nodes"),
        ("anti-affinity", "podAntiAffinity leaves no node: relax it, or add nodes"),
    ];
    let found = reasons.iter().find(|(words, _)| message.contains(words));
    found.map_or("no node may run the pod: see the message", |(_, hint)| hint).to_owned()
}

/// What to do about `exceeded quota: NAME, …`.
pub(crate) fn of_quota(message: &str) -> String {
    let name = message.split("exceeded quota: ").nth(1).and_then(|rest| rest.split(',').next()).unwrap_or_default();
    format!("ResourceQuota {name:?} of the namespace is used up: delete something, ask for less, or have it raised")
}

fn of_claim() -> &'static str {
    "the claim gets no volume: name a storageClassName that exists (kubectl get storageclass), or make a fitting volume"
}

fn of_pod(pod: &PodState, works_once: bool) -> Option<String> {
    if pod.reason == "Unschedulable" {
        return Some(of_scheduling(&pod.message));
    }
    let runs = pod.containers.iter().find(|container| container.state == "running")?;
    let name = &runs.name;
    Some(match works_once {
        true => {
            format!("container {name} still runs: see in its log what it waits for, or give it more time (--timeout)")
        }
        false => format!(
            "container {name} runs but does not become ready: see its readinessProbe and its log, or give it more time (--timeout)"
        ),
    })
}

fn of_object(unready: &Unready) -> String {
    let (kind, name, namespace) = (&unready.object.kind, &unready.object.name, &unready.object.namespace);
    let look = match namespace.as_str() {
        "" => format!("kubectl describe {} {name}", kind.to_lowercase()),
        namespace => format!("kubectl describe {} {name} -n {namespace}", kind.to_lowercase()),
    };
    if !unready.finalizers.is_empty() {
        return format!(
            "whatever set the finalizers has to remove them: see that its controller runs; {look} tells more"
        );
    }
    match kind.as_str() {
        "PersistentVolumeClaim" => of_claim().to_owned(),
        "Service" => {
            "the cluster gives the service no address: a LoadBalancer needs a controller that makes one".to_owned()
        }
        "Job" if unready.message.contains("DeadlineExceeded") => {
            "the job took longer than its activeDeadlineSeconds: raise it, or see what it waits for".to_owned()
        }
        "Job" | "Pod" | "Deployment" | "StatefulSet" | "DaemonSet" | "ReplicaSet" => {
            format!("nothing is known to be wrong: give it more time (--timeout), or see {look}")
        }
        _ => format!("its controller tells why in its status and log: {look}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::progress::ObjectRef;

    fn unready(kind: &str) -> Unready {
        Unready {
            object: ObjectRef { api_version: "v1".into(), kind: kind.into(), namespace: "n".into(), name: "x".into() },
            status: String::new(),
            message: String::new(),
            finalizers: Vec::new(),
            events: Vec::new(),
            pods: Vec::new(),
            hint: String::new(),
        }
    }

    fn with_container(container: ContainerState) -> Unready {
        let pod = PodState { containers: vec![container], ..PodState::default() };
        Unready { pods: vec![pod], ..unready("Deployment") }
    }

    #[test]
    fn containers_before_all_else() {
        let of = |state: &str, reason: &str, last_reason: &str| {
            of_unready(&with_container(ContainerState {
                name: "main".into(),
                image: "a/b:1".into(),
                state: state.into(),
                reason: reason.into(),
                last_reason: last_reason.into(),
                exit_code: Some(3),
                ..ContainerState::default()
            }))
        };
        assert!(of("waiting", "ImagePullBackOff", "").contains("\"a/b:1\""));
        assert!(of("waiting", "CrashLoopBackOff", "OOMKilled").contains("memory"));
        assert!(of("waiting", "CrashLoopBackOff", "Error").contains("kubectl logs --previous"));
        assert!(of("waiting", "CreateContainerConfigError", "").contains("create what the message names"));
        assert!(of("terminated", "Error", "").contains("exit code 3"));
        assert!(of("running", "", "").contains("readinessProbe"));
        assert!(of("waiting", "ContainerCreating", "").contains("kubectl describe deployment x -n n"));
    }

    #[test]
    fn events_tell_what_is_refused() {
        let of = |reason: &str, message: &str| {
            let event = EventLine { reason: reason.into(), message: message.into(), ..EventLine::default() };
            of_unready(&Unready { events: vec![event], ..unready("Deployment") })
        };
        let quota = "pods \"x\" is forbidden: exceeded quota: small, requested: pods=1, used: pods=0, limited: pods=0";
        assert!(of("FailedCreate", quota).starts_with("ResourceQuota \"small\""));
        assert!(of("FailedScheduling", "0/2 nodes are available: 2 Insufficient cpu.").contains("resources.requests"));
        assert!(of("FailedScheduling", "2 node(s) didn't match Pod's node affinity/selector").contains("nodeSelector"));
        assert!(of("Unhealthy", "Readiness probe failed").contains("probe"));
        assert!(of("Pulled", "").contains("nothing is known"));
    }

    #[test]
    fn jobs_do_not_become_ready() {
        let container = ContainerState { name: "main".into(), state: "running".into(), ..ContainerState::default() };
        let job = Unready { object: unready("Job").object, ..with_container(container) };
        assert!(of_unready(&job).contains("still runs"));
    }

    #[test]
    fn objects_without_pods() {
        assert!(of_unready(&unready("PersistentVolumeClaim")).contains("storageClassName"));
        assert!(of_unready(&unready("Widget")).contains("kubectl describe widget x -n n"));
        let stuck = Unready { finalizers: vec!["a/b".into()], ..unready("Widget") };
        assert!(of_unready(&stuck).contains("finalizers"));
    }
}
