//! The kinds of places that a backend block can name, and the arguments of each: Terraform's names and types.

/// A kind of place for the states of a fleet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum BackendKind {
    /// Files on this machine, or on what it mounts.
    Local,
    /// A server that keeps a state under an address, as GitLab does.
    Http,
    /// A bucket of S3, or of what speaks as it does.
    S3,
    /// A bucket of Google Cloud Storage.
    Gcs,
    /// A container of Azure's blobs.
    Azurerm,
    /// A PostgreSQL database.
    Pg,
}

impl BackendKind {
    /// All of them, by their names.
    pub const ALL: [BackendKind; 6] = [Self::Azurerm, Self::Gcs, Self::Http, Self::Local, Self::Pg, Self::S3];

    /// The label of its block.
    pub fn name(self) -> &'static str {
        match self {
            Self::Local => "local",
            Self::Http => "http",
            Self::S3 => "s3",
            Self::Gcs => "gcs",
            Self::Azurerm => "azurerm",
            Self::Pg => "pg",
        }
    }

    /// The kind of a label.
    pub fn named(name: &str) -> Option<BackendKind> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// What its block takes.
    pub fn arguments(self) -> &'static [Argument] {
        match self {
            Self::Local => LOCAL,
            Self::Http => HTTP,
            Self::S3 => S3,
            Self::Gcs => GCS,
            Self::Azurerm => AZURERM,
            Self::Pg => PG,
        }
    }
}

/// What an argument holds.
#[derive(Clone, Copy, Debug)]
pub enum Sort {
    /// A string.
    Text,
    /// A bool.
    Flag,
    /// A whole number, zero or more.
    Number,
    /// A list of strings; sets are written so too.
    Texts,
    /// A map of strings.
    Map,
    /// An object of these.
    Object(&'static [Argument]),
}

/// How much of an argument nobody may see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secrecy {
    /// Nothing, unless it is an address that holds a password.
    None,
    /// The password in it; the rest says where the state is.
    Password,
    /// All of it.
    Whole,
}

/// One argument.
#[derive(Clone, Copy, Debug)]
pub struct Argument {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub sort: Sort,
    /// Nothing works without it.
    pub required: bool,
    /// Who may see it.
    pub secrecy: Secrecy,
    /// The environment variables that give it where the configuration does not, the first one first: Terraform's.
    pub env: &'static [&'static str],
    /// It is refused: whole sentences that say what there is instead.
    pub instead: Option<&'static str>,
}

impl Argument {
    pub(super) const fn of(name: &'static str, sort: Sort) -> Argument {
        Argument { name, sort, required: false, secrecy: Secrecy::None, env: &[], instead: None }
    }

    pub(super) const fn required(self) -> Argument {
        Argument { required: true, ..self }
    }

    pub(super) const fn env(self, env: &'static [&'static str]) -> Argument {
        Argument { env, ..self }
    }

    pub(super) const fn instead(self, why: &'static str) -> Argument {
        Argument { instead: Some(why), ..self }
    }
}

pub(super) const fn text(name: &'static str) -> Argument {
    Argument::of(name, Sort::Text)
}

pub(super) const fn secret(name: &'static str) -> Argument {
    Argument { secrecy: Secrecy::Whole, ..text(name) }
}

const fn flag(name: &'static str) -> Argument {
    Argument::of(name, Sort::Flag)
}

pub(super) const fn number(name: &'static str) -> Argument {
    Argument::of(name, Sort::Number)
}

pub(super) const fn texts(name: &'static str) -> Argument {
    Argument::of(name, Sort::Texts)
}

const LOCAL: &[Argument] = &[text("path"), text("workspace_dir")];

const HTTP: &[Argument] = &[
    text("address").required().env(&["TF_HTTP_ADDRESS"]),
    text("update_method").env(&["TF_HTTP_UPDATE_METHOD"]),
    text("lock_address").env(&["TF_HTTP_LOCK_ADDRESS"]),
    text("lock_method").env(&["TF_HTTP_LOCK_METHOD"]),
    text("unlock_address").env(&["TF_HTTP_UNLOCK_ADDRESS"]),
    text("unlock_method").env(&["TF_HTTP_UNLOCK_METHOD"]),
    text("username").env(&["TF_HTTP_USERNAME"]),
    secret("password").env(&["TF_HTTP_PASSWORD"]),
    flag("skip_cert_verification"),
    number("retry_max").env(&["TF_HTTP_RETRY_MAX"]),
    number("retry_wait_min").env(&["TF_HTTP_RETRY_WAIT_MIN"]),
    number("retry_wait_max").env(&["TF_HTTP_RETRY_WAIT_MAX"]),
    text("client_ca_certificate_pem").env(&["TF_HTTP_CLIENT_CA_CERTIFICATE_PEM"]),
    text("client_certificate_pem").env(&["TF_HTTP_CLIENT_CERTIFICATE_PEM"]),
    secret("client_private_key_pem").env(&["TF_HTTP_CLIENT_PRIVATE_KEY_PEM"]),
];

const NO_TABLE: &str = "podform locks with an object in the bucket, as use_lockfile does, and needs no DynamoDB.";
const ENDPOINTS_S3: &str = "Terraform has taken it out of use: write endpoints = { s3 = \"...\" }.";
const ENDPOINTS_STS: &str = "Terraform has taken it out of use: write endpoints = { sts = \"...\" }.";
const ENDPOINTS_IAM: &str = "Terraform has taken it out of use: write endpoints = { iam = \"...\" }.";

const S3: &[Argument] = &[
    text("bucket").required(),
    text("key").required(),
    text("region").env(&["AWS_REGION", "AWS_DEFAULT_REGION"]),
    Argument::of(
        "endpoints",
        Sort::Object(&[text("dynamodb").instead(NO_TABLE), text("iam"), text("s3"), text("sso"), text("sts")]),
    ),
    flag("use_path_style"),
    flag("force_path_style").instead("Terraform has taken it out of use: write use_path_style."),
    secret("access_key"),
    secret("secret_key"),
    secret("token"),
    text("profile"),
    texts("shared_config_files"),
    texts("shared_credentials_files"),
    text("shared_credentials_file")
        .instead("Terraform has taken it out of use: write shared_credentials_files = [...]."),
    Argument::of(
        "assume_role",
        Sort::Object(&[
            text("role_arn").required(),
            text("duration"),
            text("external_id"),
            text("policy"),
            texts("policy_arns"),
            text("session_name"),
            text("source_identity"),
            Argument::of("tags", Sort::Map),
            texts("transitive_tag_keys"),
        ]),
    ),
    Argument::of(
        "assume_role_with_web_identity",
        Sort::Object(&[
            text("role_arn").required(),
            text("duration"),
            text("policy"),
            texts("policy_arns"),
            text("session_name"),
            secret("web_identity_token"),
            text("web_identity_token_file"),
        ]),
    ),
    texts("allowed_account_ids"),
    texts("forbidden_account_ids"),
    flag("encrypt"),
    text("kms_key_id"),
    secret("sse_customer_key").env(&["AWS_SSE_CUSTOMER_KEY"]),
    text("acl"),
    text("workspace_key_prefix"),
    flag("use_lockfile"),
    text("dynamodb_table").instead(NO_TABLE),
    text("dynamodb_endpoint").instead(NO_TABLE),
    text("endpoint").instead(ENDPOINTS_S3),
    text("iam_endpoint").instead(ENDPOINTS_IAM),
    text("sts_endpoint").instead(ENDPOINTS_STS),
    text("sts_region"),
    text("ec2_metadata_service_endpoint"),
    text("ec2_metadata_service_endpoint_mode"),
    flag("skip_credentials_validation"),
    flag("skip_region_validation"),
    flag("skip_requesting_account_id"),
    flag("skip_metadata_api_check"),
    flag("skip_s3_checksum"),
    number("max_retries"),
    text("retry_mode"),
    text("custom_ca_bundle"),
    text("http_proxy"),
    text("https_proxy"),
    text("no_proxy"),
    flag("insecure"),
    flag("use_fips_endpoint"),
    flag("use_dualstack_endpoint"),
];

const GCS: &[Argument] = &[
    text("bucket").required(),
    text("prefix"),
    secret("credentials").env(&["GOOGLE_BACKEND_CREDENTIALS", "GOOGLE_CREDENTIALS"]),
    secret("access_token").env(&["GOOGLE_OAUTH_ACCESS_TOKEN"]),
    text("impersonate_service_account")
        .env(&["GOOGLE_BACKEND_IMPERSONATE_SERVICE_ACCOUNT", "GOOGLE_IMPERSONATE_SERVICE_ACCOUNT"]),
    texts("impersonate_service_account_delegates"),
    secret("encryption_key").env(&["GOOGLE_ENCRYPTION_KEY"]),
    text("kms_encryption_key").env(&["GOOGLE_KMS_ENCRYPTION_KEY"]),
    text("storage_custom_endpoint").env(&["GOOGLE_BACKEND_STORAGE_CUSTOM_ENDPOINT", "GOOGLE_STORAGE_CUSTOM_ENDPOINT"]),
];

const AZURERM: &[Argument] = &[
    text("storage_account_name").required(),
    text("container_name").required(),
    text("key").required(),
    text("resource_group_name"),
    text("subscription_id").env(&["ARM_SUBSCRIPTION_ID"]),
    text("tenant_id").env(&["ARM_TENANT_ID"]),
    text("environment").env(&["ARM_ENVIRONMENT"]),
    text("metadata_host").env(&["ARM_METADATA_HOSTNAME", "ARM_METADATA_HOST"]),
    flag("lookup_blob_endpoint").env(&["ARM_USE_DNS_ZONE_ENDPOINT"]),
    flag("snapshot").env(&["ARM_SNAPSHOT"]),
    secret("access_key").env(&["ARM_ACCESS_KEY"]),
    secret("sas_token").env(&["ARM_SAS_TOKEN"]),
    flag("use_azuread_auth").env(&["ARM_USE_AZUREAD"]),
    flag("use_cli").env(&["ARM_USE_CLI"]),
    flag("use_msi").env(&["ARM_USE_MSI"]),
    text("msi_endpoint").env(&["ARM_MSI_ENDPOINT"]),
    text("endpoint").instead("Terraform has taken it out of use: write msi_endpoint."),
    text("client_id").env(&["ARM_CLIENT_ID"]),
    text("client_id_file_path").env(&["ARM_CLIENT_ID_FILE_PATH"]),
    secret("client_secret").env(&["ARM_CLIENT_SECRET"]),
    text("client_secret_file_path").env(&["ARM_CLIENT_SECRET_FILE_PATH"]),
    secret("client_certificate").env(&["ARM_CLIENT_CERTIFICATE"]),
    secret("client_certificate_password").env(&["ARM_CLIENT_CERTIFICATE_PASSWORD"]),
    text("client_certificate_path").env(&["ARM_CLIENT_CERTIFICATE_PATH"]),
    flag("use_oidc").env(&["ARM_USE_OIDC"]),
    secret("oidc_token").env(&["ARM_OIDC_TOKEN"]),
    text("oidc_token_file_path").env(&["ARM_OIDC_TOKEN_FILE_PATH"]),
    text("oidc_request_url").env(&["ARM_OIDC_REQUEST_URL", "ACTIONS_ID_TOKEN_REQUEST_URL", "SYSTEM_OIDCREQUESTURI"]),
    secret("oidc_request_token").env(&[
        "ARM_OIDC_REQUEST_TOKEN",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
        "SYSTEM_ACCESSTOKEN",
    ]),
    text("ado_pipeline_service_connection_id")
        .env(&["ARM_ADO_PIPELINE_SERVICE_CONNECTION_ID", "ARM_OIDC_AZURE_SERVICE_CONNECTION_ID"]),
    flag("use_aks_workload_identity").env(&["ARM_USE_AKS_WORKLOAD_IDENTITY"]),
];

const PG: &[Argument] = &[
    Argument { secrecy: Secrecy::Password, ..text("conn_str") }.env(&["PG_CONN_STR"]),
    text("schema_name").env(&["PG_SCHEMA_NAME"]),
    flag("skip_schema_creation").env(&["PG_SKIP_SCHEMA_CREATION"]),
    flag("skip_table_creation").env(&["PG_SKIP_TABLE_CREATION"]),
    flag("skip_index_creation").env(&["PG_SKIP_INDEX_CREATION"]),
];
