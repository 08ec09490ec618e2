//! Buckets of S3, and of what speaks as it does: SeaweedFS, MinIO, R2, Ceph.

mod credentials;
mod objects;
mod settings;

pub use credentials::{Credentials, Role, WebIdentity};
pub use objects::Bucket;
pub use settings::{Encryption, Settings};
