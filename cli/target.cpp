#include "cli/target.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "orlop/config.h"
#include "orlop/registry.h"

namespace orlop::cli {
namespace {

bool is_word(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
           c == '.';
  });
}

// `name=value&name=value` of names the backend knows: a glob or a key may hold a question mark as well.
bool are_options(const Backend& backend, std::string_view text) {
  while (!text.empty()) {
    std::string_view pair = text.substr(0, text.find('&'));
    std::size_t sign = pair.find('=');
    if (sign == std::string_view::npos) return false;
    if (std::ranges::find(backend.options, pair.substr(0, sign), &OptionSpec::name) == backend.options.end())
      return false;
    text.remove_prefix(std::min(text.size(), pair.size() + 1));
  }
  return true;
}

// `options`: with the question mark.
bool holds_secret(const Backend& backend, std::string_view options) {
  return std::ranges::any_of(backend.options, [&](const OptionSpec& spec) {
    const std::string pair = std::string(spec.name) + '=';
    return spec.secret &&
           (options.find('?' + pair) != std::string_view::npos || options.find('&' + pair) != std::string_view::npos);
  });
}

Error secret_in_url() {
  return Error(Code::config_invalid,
               "credentials do not belong in a URL, where others can read them: put them in the environment or in a "
               "remote of the configuration file");
}

Target local(std::string_view operand, std::string_view path) {
  return {Target::Kind::local, std::string(operand), std::string(path), nullptr};
}

Target remote(std::string_view operand, std::string_view key, Remote container) {
  return {Target::Kind::remote, std::string(operand), std::string(key),
          std::make_shared<const Remote>(std::move(container))};
}

Error unknown_scheme(std::string_view scheme) {
  std::vector<std::string_view> known;
  for (const Backend* backend : backends()) known.push_back(backend->scheme);
  std::string_view near = nearest(scheme, known);
  return Error(Code::config_invalid,
               fmt::format("there is no scheme \"{}\": write {}://...", scheme,
                           near.empty() ? fmt::format("{}", fmt::join(known, "://... or ")) : near));
}

Result<Target> parse_url(std::string_view operand, std::string_view scheme, std::string_view rest) {
  const Backend* backend = find_backend(scheme);
  if (!backend) return unknown_scheme(scheme);
  if (scheme == "file") return local(operand, rest);
  std::string_view options;
  std::size_t mark = rest.rfind('?');
  if (mark != std::string_view::npos && (mark < rest.find('/') || are_options(*backend, rest.substr(mark + 1)))) {
    options = rest.substr(mark);
    rest = rest.substr(0, mark);
  }
  std::string_view authority = rest.substr(0, rest.find('/'));
  if (authority.empty()) {
    return Error(Code::config_invalid, fmt::format("{} names no bucket: write {}://BUCKET/KEY", operand, scheme));
  }
  if (authority.find('@') != std::string_view::npos || holds_secret(*backend, options)) return secret_in_url();
  std::string_view key = rest.substr(std::min(rest.size(), authority.size() + 1));
  return remote(operand, key, {{}, fmt::format("{}://{}{}", scheme, authority, options), {}});
}

Error unknown_remote(std::string_view name, std::string_view rest, const Remotes& remotes) {
  if (find_backend(name)) return Error(Code::config_invalid, fmt::format("write {}://{}", name, rest));
  std::vector<std::string_view> known;
  for (const Remote& remote : remotes.all()) known.push_back(remote.name);
  std::string_view near = nearest(name, known);
  return Error(Code::config_invalid,
               fmt::format("there is no remote \"{0}\": write {1}, or ./{0}:{2} for a local file", name,
                           near.empty() ? fmt::format("[remotes.{}] with its url into the configuration file", name)
                                        : fmt::format("{}:", near),
                           rest));
}

}  // namespace

Target Target::with_key(std::string new_key) const {
  Target other{kind, {}, std::move(new_key), container};
  other.text = other.display();
  return other;
}

std::string Target::display() const {
  if (!is_remote()) return is_stream() ? "-" : key;
  if (!container->name.empty()) return fmt::format("{}:{}", container->name, key);
  if (container->url == "mem:") return container->url + key;
  return fmt::format("{}/{}", container->url.substr(0, container->url.find('?')), key);
}

Result<Target> parse_target(std::string_view operand) {
  if (operand == "-") return Target{Target::Kind::stream, "-", {}, nullptr};
  if (operand.empty()) return Error(Code::config_invalid, "an operand is empty: write a path or a URL");
  std::size_t colon = operand.find(':');
  std::string_view name = operand.substr(0, colon);
  if (colon == std::string_view::npos || !is_word(name)) return local(operand, operand);
  std::string_view rest = operand.substr(colon + 1);
  if (rest.starts_with("//")) return parse_url(operand, name, rest.substr(2));
  if (name == "file") return local(operand, rest);
  if (name == "mem") return remote(operand, rest, {{}, "mem:", {}});
  ORLOP_ASSIGN(Remotes remotes, Remotes::load());
  const Remote* known = remotes.find(name);
  return known ? Result<Target>(remote(operand, rest, *known)) : unknown_remote(name, rest, remotes);
}

std::optional<Target> parse_service(std::string_view operand) {
  const std::size_t end = operand.find("://");
  const Backend* backend = end == std::string_view::npos ? nullptr : find_backend(operand.substr(0, end));
  if (!backend || !backend->list) return std::nullopt;
  std::string_view rest = operand.substr(end + 3);
  if (!rest.empty() && rest.front() != '?') return std::nullopt;
  return remote(operand, {}, {{}, std::string(operand), {}});
}

}  // namespace orlop::cli
