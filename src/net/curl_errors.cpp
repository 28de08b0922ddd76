#include "net/curl_errors.h"

#include <fmt/core.h>
#include <openssl/x509_vfy.h>

#include <string>
#include <system_error>

namespace orlop::net {
namespace {

Error untrusted(const CurlFailure& failure) {
  long verdict = X509_V_OK;
  curl_easy_getinfo(failure.easy, CURLINFO_SSL_VERIFYRESULT, &verdict);
  // libcurl checks the host name first, before it asks for OpenSSL's verdict.
  const char* why = verdict == X509_V_OK || verdict == X509_V_ERR_UNSPECIFIED ? "it is for another host name"
                                                                              : X509_verify_cert_error_string(verdict);
  return Error(Code::config_invalid,
               fmt::format("the certificate of {} is not trusted: {}; set ca_file to its authority's certificate "
                           "(or verify to false for a test)",
                           failure.host, why));
}

Error tls_failed(const CurlFailure& failure) {
  // What OpenSSL says of an answer that is no TLS record.
  if (failure.diagnosis.find("wrong version number") != std::string_view::npos)
    return Error(Code::config_invalid,
                 fmt::format("{} does not speak TLS; the endpoint may need http://", failure.host));
  return Error(Code::unavailable, fmt::format("the TLS handshake with {} failed", failure.host), Retry::safe);
}

Error not_connected(const CurlFailure& failure) {
  long number = 0;
  curl_easy_getinfo(failure.easy, CURLINFO_OS_ERRNO, &number);
  const std::string why = number != 0 ? std::generic_category().message(static_cast<int>(number)) : "no route";
  if (failure.by_proxy)
    return Error(Code::unavailable, fmt::format("cannot connect to the proxy: {}; check the option proxy", why),
                 Retry::safe);
  return Error(Code::unavailable, fmt::format("cannot connect to {}: {}; check the endpoint", failure.host, why),
               Retry::safe);
}

Error transient(std::string message) { return Error(Code::unavailable, std::move(message), Retry::safe); }

Error cut_or_wrong(std::string message) { return Error(Code::data_corrupted, std::move(message), Retry::safe); }

}  // namespace

Error error_of(const CurlFailure& failure) {
  const auto host = failure.host;
  switch (failure.code) {
    case CURLE_URL_MALFORMAT:
      return Error(Code::invalid_argument, "malformed URL");
    case CURLE_COULDNT_RESOLVE_HOST:
      return transient(fmt::format("cannot resolve the name of {}; check the endpoint or region", host));
    case CURLE_COULDNT_RESOLVE_PROXY:
      return transient("cannot resolve the name of the proxy; check the option proxy");
    case CURLE_PROXY:
      return transient(fmt::format("the proxy did not connect to {}; check the option proxy", host));
    case CURLE_COULDNT_CONNECT:
      return not_connected(failure);
    case CURLE_OPERATION_TIMEDOUT:
      return Error(Code::timeout, fmt::format("no connection to {} within connect_timeout", host), Retry::safe);
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
      return untrusted(failure);
    case CURLE_SSL_CONNECT_ERROR:
      return tls_failed(failure);
    // Nothing came, or the connection broke.
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
      return transient(failure.request_begun ? fmt::format("the connection to {} was lost", host)
                                             : fmt::format("cannot connect to {}", host));
    // RFC 9112 section 8: fewer bytes than announced, or no last chunk, is an incomplete message.
    case CURLE_PARTIAL_FILE:
      return cut_or_wrong(fmt::format("the answer of {} was cut short", host));
    case CURLE_UNSUPPORTED_PROTOCOL:  // an answer without a status line (HTTP/0.9)
    case CURLE_WEIRD_SERVER_REPLY:
      return cut_or_wrong(fmt::format("the answer of {} is not valid HTTP/1.1", host));
    case CURLE_OUT_OF_MEMORY:
      return transient("out of memory");
    default:
      return transient(fmt::format("the exchange with {} failed: {} (libcurl's error {})", host,
                                   curl_easy_strerror(failure.code), static_cast<int>(failure.code)));
  }
}

}  // namespace orlop::net
