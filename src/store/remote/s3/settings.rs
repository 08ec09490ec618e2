//! Where a bucket is, and how it is asked.

use super::credentials::Credentials;
use crate::http::{Endpoint, SetupError};

/// What a block `backend "s3"` says, with Terraform's meanings.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// The bucket.
    pub bucket: String,
    /// Its region; signatures name it, also where a server of one's own does not care.
    pub region: String,
    /// `endpoints.s3`: another server than Amazon's.
    pub endpoint: Option<String>,
    /// The bucket stands in the path, and not in the name of the host.
    pub use_path_style: bool,
    /// Hosts that were validated for the US government.
    pub use_fips_endpoint: bool,
    /// Hosts that have IPv6 addresses too.
    pub use_dualstack_endpoint: bool,
    /// How objects are encrypted by the server.
    pub encryption: Option<Encryption>,
    /// A canned access list: `bucket-owner-full-control`.
    pub acl: Option<String>,
    /// How often a read is tried.
    pub max_retries: Option<usize>,
    /// Whose bucket it is.
    pub credentials: Credentials,
}

/// Encryption by the server.
#[derive(Clone, Debug)]
pub enum Encryption {
    /// With a key of the service.
    Service,
    /// With a key of KMS.
    Kms(String),
    /// With a key that every request brings: 32 bytes in Base64.
    Customer(secrecy::SecretString),
}

impl Settings {
    /// Where calls go, and what stands before the key in their paths.
    pub(super) fn place(&self) -> Result<(Endpoint, String), SetupError> {
        let bucket = &self.bucket;
        // A certificate of the service holds for one name below it: a bucket with dots has more.
        let in_path = self.use_path_style || bucket.contains('.');
        let base = self.endpoint.clone().unwrap_or_else(|| self.service());
        if in_path {
            return Ok((Endpoint::of_place(&base)?, format!("/{}/", super::super::encoded::part(bucket))));
        }
        let (scheme, host) = base.split_once("://").unwrap_or(("https", &base));
        Ok((Endpoint::of_place(&format!("{scheme}://{bucket}.{host}"))?, "/".to_owned()))
    }

    /// Amazon's host of the region.
    fn service(&self) -> String {
        let fips = if self.use_fips_endpoint { "-fips" } else { "" };
        let dual = if self.use_dualstack_endpoint { ".dualstack" } else { "" };
        let region = &self.region;
        let top = if region.starts_with("cn-") { "amazonaws.com.cn" } else { "amazonaws.com" };
        format!("https://s3{fips}{dual}.{region}.{top}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_stands_in_the_host_or_in_the_path() {
        let place = |settings: Settings| {
            let (endpoint, before) = settings.place().expect("an endpoint");
            format!("{}{before}", endpoint.as_str())
        };
        let base = Settings { bucket: "team".into(), region: "eu-central-1".into(), ..Settings::default() };
        assert_eq!(place(base.clone()), "https://team.s3.eu-central-1.amazonaws.com/");
        assert_eq!(
            place(Settings { use_path_style: true, ..base.clone() }),
            "https://s3.eu-central-1.amazonaws.com/team/"
        );
        assert_eq!(
            place(Settings { bucket: "a.b".into(), use_dualstack_endpoint: true, ..base.clone() }),
            "https://s3.dualstack.eu-central-1.amazonaws.com/a.b/"
        );
        assert_eq!(
            place(Settings { region: "cn-north-1".into(), use_fips_endpoint: true, ..base.clone() }),
            "https://team.s3-fips.cn-north-1.amazonaws.com.cn/"
        );
        let own = Settings { endpoint: Some("http://minio.lan:9000".into()), ..base };
        assert_eq!(place(own.clone()), "http://team.minio.lan:9000/");
        assert_eq!(place(Settings { use_path_style: true, ..own }), "http://minio.lan:9000/team/");
    }
}
