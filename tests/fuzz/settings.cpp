// What users write: URLs, the file of remotes, Amazon's shared files, names.
#include "backends/s3/shared_config.h"
#include "input.h"
#include "orlop/config.h"
#include "orlop/naming.h"
#include "orlop/registry.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = text_of(data, size);

  if (auto address = orlop::Address::parse(text)) MUST(!address->scheme.empty());
  static_cast<void>(orlop::open_driver(text));
  static_cast<void>(orlop::Remotes::parse(text, "remotes.toml"));
  using orlop::s3::Section;
  for (Section kind : {Section::credentials, Section::config, Section::sso_session}) {
    orlop::s3::Profile profile;
    static_cast<void>(orlop::s3::read_profile(text, "config", kind, "default", profile));
  }

  // A joined name never leaves its base.
  if (auto joined = orlop::naming::safe_join("base", text)) {
    MUST(*joined == "base" || joined->starts_with("base/"));
    MUST(("/" + *joined + "/").find("/../") == std::string::npos);
  }
  // Backslashes become slashes after the path was normalised, as in django-storages: such a name may not be final yet.
  const std::string clean = orlop::naming::clean_name(text);
  if (text.find('\\') == std::string_view::npos) MUST(orlop::naming::clean_name(clean) == clean);
  if (orlop::naming::check_relative(text)) MUST(!text.starts_with('/'));
  return 0;
}
