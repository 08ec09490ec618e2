//! How states and saved plans are encrypted, as the configuration says it: OpenTofu's words.

use super::backend_values::Arguments;
use secrecy::SecretString;

/// What the `encryption` block says.
#[derive(Clone, Debug, Default)]
pub struct Encryption {
    /// Of state, journal and copies.
    pub state: Option<EncryptionTarget>,
    /// Of saved plans.
    pub plan: Option<EncryptionTarget>,
}

/// How one kind of file is encrypted.
#[derive(Clone, Debug)]
pub struct EncryptionTarget {
    /// The first one writes. All of them read, in this order.
    pub methods: Vec<EncryptionMethod>,
}

/// One method.
#[derive(Clone, Debug)]
pub enum EncryptionMethod {
    /// In clear.
    Unencrypted,
    /// AES-GCM with a key of this provider.
    AesGcm(KeyProvider),
}

/// Where keys come from.
#[derive(Clone, Debug)]
pub struct KeyProvider {
    /// `key_provider.pbkdf2.x`.
    pub name: String,
    /// Under which key its notes stand in what it encrypts: its name, or what `encrypted_metadata_alias` says.
    pub stored_as: String,
    /// How a key is come by.
    pub source: KeySource,
}

/// How a key is come by.
#[derive(Clone, Debug)]
pub enum KeySource {
    /// Derived from a passphrase.
    Pbkdf2(Pbkdf2),
    /// A program gives it: its words.
    External(Vec<String>),
    /// The transit engine of OpenBao, or of Vault.
    Openbao(Openbao),
    /// AWS KMS: its arguments, by OpenTofu's names.
    AwsKms(Arguments),
}

/// A passphrase, and how a key is derived from it.
#[derive(Clone, Debug)]
pub struct Pbkdf2 {
    /// It.
    pub passphrase: SecretString,
    /// In bytes.
    pub key_length: usize,
    /// How often.
    pub iterations: u32,
    /// In bytes.
    pub salt_length: usize,
    /// By which function.
    pub hash: HashFunction,
}

/// What HMAC is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HashFunction {
    /// SHA-256.
    Sha256,
    /// SHA-512.
    Sha512,
}

impl HashFunction {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha512 => "sha512",
        }
    }

    /// That of a name.
    pub fn named(name: &str) -> Option<HashFunction> {
        [Self::Sha256, Self::Sha512].into_iter().find(|function| function.name() == name)
    }
}

/// A key of a transit engine. What is not given comes from the environment of whoever asks it.
#[derive(Clone, Debug)]
pub struct Openbao {
    /// The name of the key there.
    pub key_name: String,
    /// Where it is.
    pub address: Option<String>,
    /// Who asks.
    pub token: Option<SecretString>,
    /// Where the engine is mounted.
    pub path: String,
    /// In bytes.
    pub key_length: usize,
}
