// Throw-away certificates for TLS tests, made with OpenSSL when asked for.
#pragma once

#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <memory>
#include <string>

namespace orlop::testing {

// A key and its certificate, signed by `issuer` or by itself.
class Certificate {
 public:
  struct Options {
    std::string name;                      // CN
    std::string subject_alternative = {};  // "IP:127.0.0.1,DNS:localhost"; empty: none
    bool authority = false;
    long begins = -3600;  // seconds from now
    long ends = 3600;
  };

  explicit Certificate(const Options& options, const Certificate* issuer = nullptr)
      : key_(EVP_EC_gen("P-256"), &EVP_PKEY_free), certificate_(X509_new(), &X509_free) {
    static long serial = 1;
    X509* x = certificate_.get();
    X509_set_version(x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x), serial++);
    X509_gmtime_adj(X509_getm_notBefore(x), options.begins);
    X509_gmtime_adj(X509_getm_notAfter(x), options.ends);
    X509_set_pubkey(x, key_.get());
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(options.name.c_str()), -1, -1, 0);
    const Certificate& signer = issuer ? *issuer : *this;
    X509_set_issuer_name(x, X509_get_subject_name(signer.certificate_.get()));
    extend(signer, NID_basic_constraints, options.authority ? "critical,CA:TRUE" : "CA:FALSE");
    if (!options.subject_alternative.empty()) extend(signer, NID_subject_alt_name, options.subject_alternative);
    X509_sign(x, signer.key_.get(), EVP_sha256());
  }

  void write_pem(const std::string& path) const {
    FILE* file = std::fopen(path.c_str(), "w");
    PEM_write_X509(file, certificate_.get());
    std::fclose(file);
  }

  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> server_context() const {
    std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context(SSL_CTX_new(TLS_server_method()), &SSL_CTX_free);
    SSL_CTX_use_certificate(context.get(), certificate_.get());
    SSL_CTX_use_PrivateKey(context.get(), key_.get());
    return context;
  }

 private:
  void extend(const Certificate& signer, int nid, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, signer.certificate_.get(), certificate_.get(), nullptr, nullptr, 0);
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
    X509_add_ext(certificate_.get(), extension, -1);
    X509_EXTENSION_free(extension);
  }

  std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key_;
  std::unique_ptr<X509, decltype(&X509_free)> certificate_;
};

}  // namespace orlop::testing
