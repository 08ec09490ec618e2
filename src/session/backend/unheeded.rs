//! Arguments that are Terraform's, and that no backend here heeds: whoever writes one counts on it, so it is refused.

use crate::config::{Arguments, BackendKind};
use crate::diag::Diagnostic;

/// Arguments that would change what is done, and that nothing here heeds.
const UNHEEDED: [(BackendKind, &[&str]); 2] = [
    (
        BackendKind::S3,
        &[
            "allowed_account_ids",
            "assume_role.source_identity",
            "assume_role.transitive_tag_keys",
            "custom_ca_bundle",
            "ec2_metadata_service_endpoint",
            "ec2_metadata_service_endpoint_mode",
            "endpoints.sso",
            "forbidden_account_ids",
            "http_proxy",
            "https_proxy",
            "insecure",
            "no_proxy",
            "sts_region",
        ],
    ),
    (
        BackendKind::Azurerm,
        &[
            "ado_pipeline_service_connection_id",
            "client_certificate",
            "client_id_file_path",
            "client_secret_file_path",
            "lookup_blob_endpoint",
            "metadata_host",
            "msi_endpoint",
            "oidc_request_token",
            "oidc_request_url",
            "oidc_token",
            "snapshot",
        ],
    ),
];

/// Refuses them.
///
/// # Errors
/// One of them is given.
pub fn refuse_unheeded(kind: BackendKind, arguments: &Arguments) -> Result<(), Diagnostic> {
    let all = UNHEEDED.iter().find(|(of, _)| *of == kind).map_or(&[][..], |(_, names)| names);
    // Switched off is what they are.
    let given = |name: &&&str| match name.split_once('.') {
        Some((object, name)) => arguments.object(object).is_some_and(|inside| inside.get(name).is_some()),
        None => arguments.get(name).is_some() && arguments.flag(name) != Some(false),
    };
    match all.iter().find(given) {
        None => Ok(()),
        Some(name) => {
            let detail = format!(
                "The backend \"{}\" has no {name} here. It is refused, and not passed over: without it the state would be looked for in another way than is meant.",
                kind.name()
            );
            Err(Diagnostic::error("Unsupported backend argument", detail))
        }
    }
}
