// Signed URLs of CloudFront: "Use signed URLs" in the Amazon CloudFront Developer Guide.
#include "orlop/cloudfront.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include <algorithm>

#include "wire/encoding.h"

namespace orlop::cloudfront {

namespace {

struct Free {
  void operator()(BIO* bio) const noexcept { BIO_free(bio); }
  void operator()(EVP_PKEY* key) const noexcept { EVP_PKEY_free(key); }
  void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
};
using Pkey = std::unique_ptr<EVP_PKEY, Free>;

// Answers for OpenSSL, which would otherwise ask the terminal for the pass phrase of an encrypted key.
int no_passphrase(char*, int, int, void*) { return 0; }

Pkey parse_pem(std::string_view pem) {
  std::unique_ptr<BIO, Free> source(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  return Pkey(PEM_read_bio_PrivateKey(source.get(), nullptr, no_passphrase, nullptr));
}

// Base64 with three characters replaced by ones a query string may hold: "Create a signed URL using a canned policy".
std::string url_base64(Bytes bytes) {
  std::string text = wire::encode_base64(bytes);
  for (char& c : text) {
    if (c == '+') c = '-';
    if (c == '=') c = '_';
    if (c == '/') c = '~';
  }
  return text;
}

bool percent_encoded(std::string_view url) {
  return std::all_of(url.begin(), url.end(), [](char c) { return c > ' ' && c < '\x7f' && c != '"' && c != '\\'; });
}

std::string with_query(std::string_view url, std::string_view query) {
  std::string whole(url);
  whole += url.find('?') == std::string_view::npos ? '?' : '&';
  return whole += query;
}

}  // namespace

struct Signer::Key {
  Pkey pkey;
};

std::string canned_policy(std::string_view url, std::int64_t expires) {
  std::string policy = R"({"Statement":[{"Resource":")";
  policy += url;
  policy += R"(","Condition":{"DateLessThan":{"AWS:EpochTime":)";
  policy += std::to_string(expires);
  return policy += "}}}]}";
}

Result<Signer> Signer::create(std::string key_id, std::string_view pem) {
  Pkey pkey = parse_pem(pem);
  if (!pkey || EVP_PKEY_get_base_id(pkey.get()) != EVP_PKEY_RSA) {
    return Error(Code::config_invalid, "the CloudFront key is not an unencrypted RSA private key in PEM form");
  }
  return Signer(std::move(key_id), std::make_shared<const Key>(Key{std::move(pkey)}));
}

Result<std::string> Signer::sign(std::string_view url, std::int64_t expires) const {
  if (!percent_encoded(url)) return Error(Code::invalid_argument, "a URL to sign must be percent-encoded");
  ORLOP_ASSIGN(std::string signed_policy, signature(canned_policy(url, expires)));
  return with_query(url,
                    "Expires=" + std::to_string(expires) + "&Signature=" + signed_policy + "&Key-Pair-Id=" + key_id_);
}

Result<std::string> Signer::sign_policy(std::string_view url, std::string_view policy) const {
  ORLOP_ASSIGN(std::string signed_policy, signature(policy));
  return with_query(
      url, "Policy=" + url_base64(as_bytes(policy)) + "&Signature=" + signed_policy + "&Key-Pair-Id=" + key_id_);
}

// RSASSA-PKCS1-v1_5 with SHA-1 is what CloudFront accepts.
Result<std::string> Signer::signature(std::string_view policy) const {
  std::unique_ptr<EVP_MD_CTX, Free> context(EVP_MD_CTX_new());
  const auto* input = reinterpret_cast<const unsigned char*>(policy.data());
  std::string bytes(static_cast<std::size_t>(EVP_PKEY_get_size(key_->pkey.get())), '\0');
  std::size_t size = bytes.size();
  bool done =
      EVP_DigestSignInit(context.get(), nullptr, EVP_sha1(), nullptr, key_->pkey.get()) == 1 &&
      EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(bytes.data()), &size, input, policy.size()) == 1;
  if (!done) return Error(Code::unsupported, "this OpenSSL refuses to sign with SHA-1, which CloudFront asks for");
  return url_base64(as_bytes(std::string_view(bytes).substr(0, size)));
}

}  // namespace orlop::cloudfront
