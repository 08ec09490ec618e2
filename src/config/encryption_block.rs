//! The `encryption` block of the podform block, with what the environment says laid over it.

use super::backend_block::{missing, read};
use super::backend_table::{Argument, number, secret, text, texts};
use super::backend_values::Arguments;
use super::block::{allow, attribute, constant_bool, labels, missing_argument};
use super::encryption::{
    Encryption, EncryptionMethod, EncryptionTarget, HashFunction, KeyProvider, KeySource, Openbao, Pbkdf2,
};
use super::overrides::{self, LoadedFile};
use super::shape;
use crate::diag::{Diagnostic, Diagnostics, FileId, Span};
use crate::lang::ast::{Attribute, Block, Body, Expr, ExprKind, TemplatePart};
use crate::lang::parse;
use std::collections::BTreeMap;
use std::sync::Arc;

const ALIAS: Argument = text("encrypted_metadata_alias");

const PBKDF2: &[Argument] = &[
    secret("passphrase").required(),
    number("key_length"),
    number("iterations"),
    number("salt_length"),
    text("hash_function"),
    ALIAS,
    text("chain").instead("Give the passphrase itself, in the block or in PODFORM_ENCRYPTION."),
];

const EXTERNAL: &[Argument] = &[texts("command").required(), ALIAS];

const OPENBAO: &[Argument] = &[
    text("key_name").required(),
    text("address"),
    secret("token"),
    text("transit_engine_path"),
    number("key_length"),
    ALIAS,
];

const AWS_KMS: &[Argument] = &[
    text("kms_key_id").required(),
    text("key_spec").required(),
    text("region"),
    text("endpoint"),
    secret("access_key"),
    secret("secret_key"),
    secret("token"),
    text("profile"),
    ALIAS,
];

const PROVIDERS: [&str; 4] = ["pbkdf2", "external", "openbao", "aws_kms"];
const METHODS: [&str; 2] = ["aes_gcm", "unencrypted"];

/// OpenTofu's least: a shorter passphrase can be tried out, and so can one that is stretched less.
const SHORTEST_PASSPHRASE: usize = 16;
const FEWEST_ITERATIONS: u64 = 200_000;
/// What OpenTofu takes where nothing is said: OWASP's number for SHA-512 times three.
const ITERATIONS: u64 = 600_000;
/// In bytes: of AES-256, and of a salt that nobody meets twice.
const LENGTH: u64 = 32;
/// In bytes: NIST's least for a salt.
const SHORTEST_SALT: u64 = 16;

/// Reads what an environment variable says: the inside of the block, as HCL or JSON.
pub fn parse_encryption(file: FileId, text: &str, diags: &mut Diagnostics) -> Body {
    match text.trim_start().starts_with('{') {
        true => parse::parse_json_body(file, text, shape::ENCRYPTION, diags),
        false => parse::parse_body(file, text, diags),
    }
}

/// What the root module in these files says, with the body of the environment laid over it; `None` where neither says
/// anything.
pub fn encryption_of(files: &[LoadedFile], over: Option<&Body>, diags: &mut Diagnostics) -> Option<Encryption> {
    let blocks = overrides::blocks(files, &mut Diagnostics::new());
    let settings = blocks.iter().filter(|block| &*block.kind == "podform");
    let mut declared = settings.flat_map(|block| &block.body.blocks).filter(|inner| &*inner.kind == "encryption");
    let mut body = declared.next().map(|block| Body::clone(&block.body));
    if let Some(over) = over {
        lay_over(body.get_or_insert_default(), over);
    }
    Some(Reader { whole: true, diags }.encryption(&body?))
}

/// Looks at the blocks of a configuration alone. What is missing may be said by the environment.
pub(super) fn check<'b>(mut blocks: impl Iterator<Item = &'b Block>, diags: &mut Diagnostics) {
    let Some(block) = blocks.next() else { return };
    for other in blocks {
        let detail = "A configuration has at most one encryption block.";
        diags.push(Diagnostic::error("Duplicate encryption configuration", detail).at(other.span).against(block.span));
    }
    if labels::<0>(block, [], diags).is_some() {
        Reader { whole: false, diags }.encryption(&block.body);
    }
}

/// Arguments replace arguments; blocks of the same type and labels are merged.
fn lay_over(body: &mut Body, over: &Body) {
    for attribute in &over.attributes {
        body.attributes.retain(|other| other.name != attribute.name);
        body.attributes.push(attribute.clone());
    }
    let names = |block: &Block| block.labels.iter().map(|label| label.text.clone()).collect::<Vec<_>>();
    for block in &over.blocks {
        let is_same = |other: &&mut Block| other.kind == block.kind && names(other) == names(block);
        match body.blocks.iter_mut().find(is_same) {
            Some(found) => lay_over(Arc::make_mut(&mut found.body), &block.body),
            None => body.blocks.push(block.clone()),
        }
    }
}

/// `pbkdf2.x`; what is declared and wrong is there too, so that nobody is told that it is not.
type Declared<T> = BTreeMap<String, Option<T>>;

struct Reader<'d> {
    /// Nothing is said elsewhere.
    whole: bool,
    diags: &'d mut Diagnostics,
}

impl Reader<'_> {
    fn encryption(&mut self, body: &Body) -> Encryption {
        allow(body, "an encryption block", &[], &["key_provider", "method", "state", "plan"], self.diags);
        let of = |kind: &'static str| body.blocks.iter().filter(move |block| &*block.kind == kind);
        let mut providers: Declared<KeyProvider> = BTreeMap::new();
        for block in of("key_provider") {
            let Some([kind, name]) = labels(block, ["type", "name"], self.diags) else { continue };
            let provider = self.provider(block, &kind, &name);
            self.declare(&mut providers, block, &kind, &name, provider);
        }
        let mut methods: Declared<EncryptionMethod> = BTreeMap::new();
        for block in of("method") {
            let Some([kind, name]) = labels(block, ["type", "name"], self.diags) else { continue };
            let method = self.method(block, &kind, &providers);
            self.declare(&mut methods, block, &kind, &name, method);
        }
        let mut target = |kind| {
            let mut blocks = of(kind);
            let block = blocks.next()?;
            if let Some(other) = blocks.next() {
                let detail = format!("An encryption block has at most one block \"{kind}\".");
                let told = Diagnostic::error("Duplicate encryption target", detail);
                self.diags.push(told.at(other.span).against(block.span));
            }
            self.target(block, &methods)
        };
        Encryption { state: target("state"), plan: target("plan") }
    }

    fn declare<T>(&mut self, all: &mut Declared<T>, block: &Block, kind: &str, name: &str, found: Option<T>) {
        if all.insert(format!("{kind}.{name}"), found).is_some() {
            let detail = format!("There are two blocks {} \"{kind}\" \"{name}\".", block.kind);
            self.diags.push(Diagnostic::error("Duplicate encryption block", detail).at(block.span));
        }
    }

    fn provider(&mut self, block: &Block, kind: &str, name: &str) -> Option<KeyProvider> {
        let known = match kind {
            "pbkdf2" => PBKDF2,
            "external" => EXTERNAL,
            "openbao" => OPENBAO,
            "aws_kms" => AWS_KMS,
            _ => return self.unknown("key provider", kind, &PROVIDERS, block),
        };
        let mut own = Diagnostics::new();
        let given = read(known, &block.body, &mut own);
        let mut failed = own.has_errors();
        let calculated = own.iter().any(|told| told.span.is_some_and(|span| is_calculated(&block.body, span)));
        for told in own.iter() {
            let told = told.clone();
            self.diags.push(match calculated && told.hint.is_none() {
                true => told.with_hint(CONSTANT),
                false => told,
            });
        }
        for argument in missing(known, &given) {
            let is_there = attribute(&block.body, argument.name).is_some();
            failed = true;
            if self.whole && !is_there {
                missing_argument(argument.name, block.span, self.diags);
            }
        }
        let source = if failed { None } else { self.source(kind, given.clone(), &block.body) };
        let name = format!("key_provider.{kind}.{name}");
        let stored_as = given.text("encrypted_metadata_alias").unwrap_or(&name).to_owned();
        Some(KeyProvider { stored_as, name, source: source? })
    }

    fn source(&mut self, kind: &str, given: Arguments, body: &Body) -> Option<KeySource> {
        match kind {
            "pbkdf2" => self.pbkdf2(&given, body).map(KeySource::Pbkdf2),
            "external" => match given.texts("command") {
                Some(command) if !command.is_empty() => Some(KeySource::External(command.to_vec())),
                _ => self.refuse(body, "command", "It names no program."),
            },
            "openbao" => Some(KeySource::Openbao(Openbao {
                key_name: given.text("key_name")?.to_owned(),
                address: given.text("address").map(str::to_owned),
                token: given.secret("token"),
                path: given.text("transit_engine_path").unwrap_or("transit").trim_matches('/').to_owned(),
                key_length: self.key_length(&given, body)?,
            })),
            _ => match given.text("key_spec") {
                Some("AES_256" | "AES_128") => Some(KeySource::AwsKms(given)),
                _ => self.refuse(body, "key_spec", "It is \"AES_256\" or \"AES_128\"."),
            },
        }
    }

    fn pbkdf2(&mut self, given: &Arguments, body: &Body) -> Option<Pbkdf2> {
        let passphrase = given.secret("passphrase")?;
        let length = given.text("passphrase").map_or(0, str::len);
        if length < SHORTEST_PASSPHRASE {
            let why = format!("A passphrase has at least {SHORTEST_PASSPHRASE} characters.");
            return self.refuse(body, "passphrase", &why);
        }
        let iterations = given.number("iterations").unwrap_or(ITERATIONS);
        let iterations = match u32::try_from(iterations) {
            Ok(number) if iterations >= FEWEST_ITERATIONS => number,
            _ => return self.refuse(body, "iterations", &format!("There are at least {FEWEST_ITERATIONS}.")),
        };
        let salt = given.number("salt_length").unwrap_or(LENGTH);
        let Some(salt_length) = usize::try_from(salt).ok().filter(|_| (SHORTEST_SALT..=1024).contains(&salt)) else {
            return self.refuse(body, "salt_length", &format!("A salt has {SHORTEST_SALT} to 1024 bytes."));
        };
        let Some(hash) = HashFunction::named(given.text("hash_function").unwrap_or("sha512")) else {
            return self.refuse(body, "hash_function", "It is \"sha512\" or \"sha256\".");
        };
        let key_length = self.key_length(given, body)?;
        Some(Pbkdf2 { passphrase, key_length, iterations, salt_length, hash })
    }

    fn key_length(&mut self, given: &Arguments, body: &Body) -> Option<usize> {
        match given.number("key_length").unwrap_or(LENGTH) {
            16 => Some(16),
            32 => Some(32),
            _ => self.refuse(body, "key_length", "A key of AES-GCM has 32 bytes here, or 16."),
        }
    }

    fn method(&mut self, block: &Block, kind: &str, all: &Declared<KeyProvider>) -> Option<EncryptionMethod> {
        match kind {
            "unencrypted" => {
                allow(&block.body, "an unencrypted method", &[], &[], self.diags);
                Some(EncryptionMethod::Unencrypted)
            }
            "aes_gcm" => {
                allow(&block.body, "an aes_gcm method", &["keys"], &[], self.diags);
                let keys = self.required(block, "keys")?;
                self.named(keys, "key_provider", all).map(EncryptionMethod::AesGcm)
            }
            _ => self.unknown("encryption method", kind, &METHODS, block),
        }
    }

    fn target(&mut self, block: &Block, all: &Declared<EncryptionMethod>) -> Option<EncryptionTarget> {
        labels::<0>(block, [], self.diags)?;
        let mut methods = Vec::new();
        let mut next = Some(block);
        let mut failed = false;
        while let Some(at) = next {
            let known: &[&str] = if std::ptr::eq(at, block) { &["method", "enforced"] } else { &["method"] };
            allow(&at.body, "this block", known, &["fallback"], self.diags);
            let method = self.required(at, "method").and_then(|method| self.named(method, "method", all));
            failed |= method.is_none();
            methods.extend(method);
            let mut others = at.body.blocks.iter().filter(|inner| &*inner.kind == "fallback");
            next = others.next();
            if let Some(other) = others.next() {
                let detail = "A block has at most one fallback; that may have one of its own.";
                self.diags.push(Diagnostic::error("Duplicate fallback", detail).at(other.span));
            }
        }
        let enforced = attribute(&block.body, "enforced");
        let is_clear = |method: &EncryptionMethod| matches!(method, EncryptionMethod::Unencrypted);
        if let Some(enforced) = enforced
            && constant_bool(enforced, self.diags) == Some(true)
            && methods.iter().any(is_clear)
        {
            let detail = "Encryption is enforced here, and the method \"unencrypted\" is used, as the method or as a fallback. Take that out, or enforced.";
            let told = Diagnostic::error("Unencrypted method is forbidden", detail);
            self.diags.push(told.at(enforced.expr.span));
            return None;
        }
        (!failed).then_some(EncryptionTarget { methods })
    }

    fn required<'b>(&mut self, block: &'b Block, name: &str) -> Option<&'b Attribute> {
        let found = attribute(&block.body, name);
        if found.is_none() && self.whole {
            missing_argument(name, block.span, self.diags);
        }
        found
    }

    /// What `key_provider.pbkdf2.x` or `method.aes_gcm.x` names.
    fn named<T: Clone>(&mut self, attribute: &Attribute, root: &str, all: &Declared<T>) -> Option<T> {
        let path = path_of(&attribute.expr).unwrap_or_default();
        let at = attribute.expr.span;
        let [first, kind, name] = path.as_slice() else {
            let detail = format!("\"{}\" names one block: {root}.TYPE.NAME.", attribute.name);
            self.diags.push(Diagnostic::error("Invalid reference", detail).at(at));
            return None;
        };
        let found = if first == root { all.get(&format!("{kind}.{name}")) } else { None };
        if found.is_none() && self.whole {
            let known: Vec<String> = all.keys().map(|known| format!("{root}.{known}")).collect();
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            let detail = format!("There is no {first}.{kind}.{name} in the encryption block. There is {known}.");
            self.diags.push(Diagnostic::error("Undefined encryption block", detail).at(at));
        }
        found.cloned().flatten()
    }

    fn unknown<T>(&mut self, what: &str, kind: &str, known: &[&str], block: &Block) -> Option<T> {
        let detail = format!("podform has no {what} \"{kind}\".");
        let at = block.labels.first().map_or(block.span, |label| label.span);
        let told = Diagnostic::error(format!("Unsupported {what}"), detail).at(at);
        self.diags.push(told.with_hint(format!("There are {}.", known.join(", "))));
        None
    }

    fn refuse<T>(&mut self, body: &Body, name: &str, why: &str) -> Option<T> {
        let detail = format!("Inappropriate value for attribute \"{name}\": {why}");
        let told = Diagnostic::error("Invalid encryption argument", detail);
        let at = attribute(body, name).map(|attribute| attribute.expr.span);
        self.diags.push(match at {
            Some(at) => told.at(at),
            None => told,
        });
        None
    }
}

const CONSTANT: &str = "The state is read before variables and locals have values: write a constant, or say it in the environment variable PODFORM_ENCRYPTION, which is laid over this block.";

/// Whether a fault stands in a value that is no constant.
fn is_calculated(body: &Body, at: Span) -> bool {
    body.attributes.iter().any(|attribute| {
        let span = attribute.expr.span;
        let within = span.file == at.file && span.start <= at.start && at.end <= span.end;
        within && !matches!(attribute.expr.kind, ExprKind::String(_) | ExprKind::Number(_) | ExprKind::Bool(_))
    })
}

/// `a.b.c`, also as a text, as JSON has it.
fn path_of(expr: &Expr) -> Option<Vec<String>> {
    match &expr.kind {
        ExprKind::Paren(inner) => path_of(inner),
        ExprKind::String(text) => Some(text.split('.').map(str::to_owned).collect()),
        ExprKind::Template(parts) => match &**parts {
            [TemplatePart::Interpolation(inner)] => path_of(inner),
            _ => None,
        },
        _ => {
            let (root, steps) = expr.traversal();
            let ExprKind::Variable(first) = &root.kind else { return None };
            let steps = steps.iter().map(|step| step.name().map(|name| name.to_string()));
            std::iter::once(Some(first.to_string())).chain(steps).collect()
        }
    }
}
