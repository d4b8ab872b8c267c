//! X.509 certificates with the fields and in the order in which Go's `x509.CreateCertificate` writes sprig's.

use super::der::{
    self, BIT_STRING, INTEGER, OCTET_STRING, OID, Reader, SEQUENCE, SET, bit_string, context, element, integer, nested,
    sequence,
};
use super::key::{PrivateKey, PublicKey};
use super::pem;
use super::random::Random;
use crate::time::Moment;
use sha2::{Digest, Sha256};
use std::net::IpAddr;

// Object identifiers, as contents.
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
const KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x0f];
const EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x25];
const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x13];
const SUBJECT_KEY_ID: &[u8] = &[0x55, 0x1d, 0x0e];
const AUTHORITY_KEY_ID: &[u8] = &[0x55, 0x1d, 0x23];
const SUBJECT_ALT_NAME: &[u8] = &[0x55, 0x1d, 0x11];
const SERVER_AUTH: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01];
const CLIENT_AUTH: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x02];

const TRUE: &[u8] = &[0x01, 0x01, 0xff];
const PRINTABLE_STRING: u8 = 0x13;
const UTF8_STRING: u8 = 0x0c;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
/// Context tags of a `GeneralName`.
const DNS_NAME: u8 = 0x82;
const IP_ADDRESS: u8 = 0x87;

/// What a new certificate says.
pub(super) struct Template {
    pub common_name: Vec<u8>,
    pub ips: Vec<IpAddr>,
    pub dns_names: Vec<Vec<u8>>,
    pub not_before: Moment,
    pub not_after: Moment,
    pub is_ca: bool,
}

/// What a signer's certificate contributes.
pub(super) struct Issuer {
    /// Its subject, as it stands.
    subject: Vec<u8>,
    subject_key_id: Vec<u8>,
    /// The whole `SubjectPublicKeyInfo`.
    public_key: Vec<u8>,
}

/// A PEM text of the certificate.
///
/// # Errors
/// Go's sentences behind `error creating certificate: `.
pub(super) fn create(
    template: &Template,
    issuer: Option<&Issuer>,
    (key, signer): (&PrivateKey, &PrivateKey),
    random: &Random,
) -> Result<String, String> {
    let algorithm = signer.signature_algorithm()?;
    let public = key.public()?;
    let subject = template.subject()?;
    let own = Issuer { subject: subject.clone(), subject_key_id: Vec::new(), public_key: public.info() };
    let issuer = issuer.unwrap_or(&own);
    if signer.public()?.info() != issuer.public_key {
        return Err("x509: provided PrivateKey doesn't match parent's PublicKey".to_owned());
    }
    let authority: &[u8] = if issuer.subject == subject { &[] } else { &issuer.subject_key_id };
    let serial: [u8; 16] = random.bytes();
    let body = sequence(&[
        &nested(context(0), &[&integer(&[2])]),
        &integer(&serial),
        &algorithm,
        &issuer.subject,
        &sequence(&[&time(&template.not_before)?, &time(&template.not_after)?]),
        &subject,
        &public.info(),
        &nested(context(3), &[&template.extensions(&public, authority)?]),
    ]);
    let signature = signer.sign(&body, random)?;
    let whole = sequence(&[&body, &algorithm, &bit_string(&signature)]);
    Ok(pem::encode("CERTIFICATE", &whole))
}

impl PublicKey {
    fn info(&self) -> Vec<u8> {
        sequence(&[&self.algorithm, &bit_string(&self.bits)])
    }
}

impl Template {
    fn subject(&self) -> Result<Vec<u8>, String> {
        if self.common_name.is_empty() {
            return Ok(sequence(&[]));
        }
        let printable = |c: &u8| c.is_ascii_alphanumeric() || b"'()+,-./ :=?".contains(c);
        let tag = if self.common_name.iter().all(printable) { PRINTABLE_STRING } else { UTF8_STRING };
        if std::str::from_utf8(&self.common_name).is_err() {
            return Err("asn1: string not valid UTF-8".to_owned());
        }
        let name = sequence(&[&element(OID, COMMON_NAME), &element(tag, &self.common_name)]);
        Ok(sequence(&[&nested(SET, &[&name])]))
    }

    fn extensions(&self, public: &PublicKey, authority: &[u8]) -> Result<Vec<u8>, String> {
        // Digital signature, key encipherment; certificate signing for authorities.
        let usage: &[u8] = if self.is_ca { &[2, 0xa4] } else { &[5, 0xa0] };
        let purposes = sequence(&[&element(OID, SERVER_AUTH), &element(OID, CLIENT_AUTH)]);
        let constraints = sequence(&[if self.is_ca { TRUE } else { &[] }]);
        let mut all = vec![
            extension(KEY_USAGE, true, &element(BIT_STRING, usage)),
            extension(EXTENDED_KEY_USAGE, false, &purposes),
            extension(BASIC_CONSTRAINTS, true, &constraints),
        ];
        if self.is_ca {
            let digest = Sha256::digest(&public.bits);
            let id = element(OCTET_STRING, digest.get(..20).unwrap_or_default());
            all.push(extension(SUBJECT_KEY_ID, false, &id));
        }
        if !authority.is_empty() {
            all.push(extension(AUTHORITY_KEY_ID, false, &sequence(&[&element(0x80, authority)])));
        }
        if !self.dns_names.is_empty() || !self.ips.is_empty() {
            all.push(extension(SUBJECT_ALT_NAME, self.common_name.is_empty(), &self.alternative_names()?));
        }
        Ok(sequence(&all.iter().map(Vec::as_slice).collect::<Vec<_>>()))
    }

    fn alternative_names(&self) -> Result<Vec<u8>, String> {
        let mut names = Vec::new();
        for name in &self.dns_names {
            if !name.is_ascii() {
                let shown = gotmpl::strconv::quote(name);
                return Err(format!("x509: {shown} cannot be encoded as an IA5String"));
            }
            names.extend(element(DNS_NAME, name));
        }
        for ip in &self.ips {
            match ip.to_canonical() {
                IpAddr::V4(ip) => names.extend(element(IP_ADDRESS, &ip.octets())),
                IpAddr::V6(ip) => names.extend(element(IP_ADDRESS, &ip.octets())),
            }
        }
        Ok(element(SEQUENCE, &names))
    }
}

fn extension(oid: &[u8], critical: bool, value: &[u8]) -> Vec<u8> {
    let critical = if critical { TRUE } else { &[] };
    sequence(&[&element(OID, oid), critical, &element(OCTET_STRING, value)])
}

/// A `Time`: two digits of the year from 1950 to 2049, else four.
fn time(moment: &Moment) -> Result<Vec<u8>, String> {
    let year: i64 = String::from_utf8_lossy(&moment.format(b"2006")).parse().unwrap_or(-1);
    match year {
        1950..=2049 => Ok(element(UTC_TIME, &moment.format(b"060102150405Z"))),
        0..=9999 => Ok(element(GENERALIZED_TIME, &moment.format(b"20060102150405Z"))),
        _ => Err("asn1: structure error: cannot represent time as GeneralizedTime".to_owned()),
    }
}

/// Reads what a signer's certificate contributes.
///
/// # Errors
/// Not a certificate.
pub(super) fn read(bytes: &[u8]) -> Result<Issuer, String> {
    let malformed = || "x509: malformed certificate".to_owned();
    let mut outer = Reader::new(bytes);
    let mut whole = outer.enter(SEQUENCE).ok_or_else(malformed)?;
    if !outer.is_empty() {
        return Err("x509: trailing data".to_owned());
    }
    let body = whole.enter(SEQUENCE).ok_or("x509: malformed tbs certificate")?;
    let issuer = read_body(body).ok_or_else(malformed)?;
    whole.expect(SEQUENCE).ok_or("x509: malformed signature algorithm identifier")?;
    whole.expect(BIT_STRING).ok_or("x509: malformed signature")?;
    Ok(issuer)
}

fn read_body(mut body: Reader<'_>) -> Option<Issuer> {
    body.expect(context(0));
    body.expect(INTEGER)?;
    body.expect(SEQUENCE)?; // signature algorithm
    body.expect(SEQUENCE)?; // issuer
    body.expect(SEQUENCE)?; // validity
    let subject = body.expect(SEQUENCE)?.whole.to_vec();
    let public_key = body.expect(SEQUENCE)?.whole.to_vec();
    let mut subject_key_id = Vec::new();
    while let Some(part) = body.next() {
        if part.tag == context(3) {
            subject_key_id = key_id(Reader::new(part.content)).unwrap_or_default();
        }
    }
    Some(Issuer { subject, subject_key_id, public_key })
}

fn key_id(mut extensions: Reader<'_>) -> Option<Vec<u8>> {
    let mut list = extensions.enter(SEQUENCE)?;
    while let Some(mut extension) = list.enter(SEQUENCE) {
        if extension.expect(OID)?.content == SUBJECT_KEY_ID {
            extension.expect(0x01);
            let value = extension.expect(OCTET_STRING)?.content;
            return Some(der::Reader::new(value).expect(OCTET_STRING)?.content.to_vec());
        }
    }
    None
}
