// Media types by file name: Python's mimetypes on a Debian system with its mime.types, cut to what sites serve.
#include <algorithm>
#include <array>
#include <string>

#include "core/path.h"
#include "orlop/naming.h"

namespace orlop::naming {

namespace {

struct Row {
  std::string_view name;
  std::string_view value;
};

// Sorted by extension.
constexpr Row types[] = {
    {"3g2", "audio/3gpp2"},
    {"3gp", "audio/3gpp"},
    {"7z", "application/x-7z-compressed"},
    {"a", "text/vnd.a"},
    {"aac", "audio/aac"},
    {"ai", "application/postscript"},
    {"aif", "audio/x-aiff"},
    {"aiff", "audio/x-aiff"},
    {"apk", "application/vnd.android.package-archive"},
    {"asf", "application/vnd.ms-asf"},
    {"atom", "application/atom+xml"},
    {"au", "audio/basic"},
    {"avi", "video/x-msvideo"},
    {"avif", "image/avif"},
    {"bin", "application/octet-stream"},
    {"bmp", "image/bmp"},
    {"c", "text/x-csrc"},
    {"class", "application/java-vm"},
    {"coffee", "application/vnd.coffeescript"},
    {"cpp", "text/x-c++src"},
    {"crt", "application/x-x509-ca-cert"},
    {"csh", "text/x-csh"},
    {"css", "text/css"},
    {"csv", "text/csv"},
    {"deb", "application/vnd.debian.binary-package"},
    {"dll", "application/x-msdos-program"},
    {"dmg", "application/x-apple-diskimage"},
    {"doc", "application/msword"},
    {"docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"},
    {"dtd", "application/xml-dtd"},
    {"dvi", "application/x-dvi"},
    {"eml", "message/rfc822"},
    {"eot", "application/vnd.ms-fontobject"},
    {"eps", "application/postscript"},
    {"epub", "application/epub+zip"},
    {"exe", "application/x-msdos-program"},
    {"flac", "audio/flac"},
    {"flv", "video/x-flv"},
    {"geojson", "application/geo+json"},
    {"gif", "image/gif"},
    {"glb", "model/gltf-binary"},
    {"gltf", "model/gltf+json"},
    {"gz", "application/gzip"},
    {"h", "text/x-chdr"},
    {"h5", "application/x-hdf5"},
    {"hdf", "application/x-hdf"},
    {"heic", "image/heic"},
    {"heif", "image/heif"},
    {"htm", "text/html"},
    {"html", "text/html"},
    {"ico", "image/vnd.microsoft.icon"},
    {"ics", "text/calendar"},
    {"iso", "application/x-iso9660-image"},
    {"jar", "application/java-archive"},
    {"java", "text/x-java"},
    {"jp2", "image/jp2"},
    {"jpe", "image/jpeg"},
    {"jpeg", "image/jpeg"},
    {"jpg", "image/jpeg"},
    {"js", "text/javascript"},
    {"json", "application/json"},
    {"jsonld", "application/ld+json"},
    {"jxl", "image/jxl"},
    {"kml", "application/vnd.google-earth.kml+xml"},
    {"kmz", "application/vnd.google-earth.kmz"},
    {"latex", "application/x-latex"},
    {"m3u", "audio/mpegurl"},
    {"m3u8", "application/vnd.apple.mpegurl"},
    {"m4a", "audio/mp4"},
    {"m4v", "video/mp4"},
    {"md", "text/markdown"},
    {"mid", "audio/sp-midi"},
    {"mjs", "text/javascript"},
    {"mkv", "video/x-matroska"},
    {"mov", "video/quicktime"},
    {"mp3", "audio/mpeg"},
    {"mp4", "video/mp4"},
    {"mpd", "application/dash+xml"},
    {"mpeg", "video/mpeg"},
    {"mpg", "video/mpeg"},
    {"n3", "text/n3"},
    {"nc", "application/x-netcdf"},
    {"nq", "application/n-quads"},
    {"nt", "application/n-triples"},
    {"o", "application/x-object"},
    {"odp", "application/vnd.oasis.opendocument.presentation"},
    {"ods", "application/vnd.oasis.opendocument.spreadsheet"},
    {"odt", "application/vnd.oasis.opendocument.text"},
    {"oga", "audio/ogg"},
    {"ogg", "audio/ogg"},
    {"ogv", "video/ogg"},
    {"opus", "audio/ogg"},
    {"otf", "font/otf"},
    {"p12", "application/pkcs12"},
    {"pdf", "application/pdf"},
    {"pem", "application/pem-certificate-chain"},
    {"pfx", "application/pkcs12"},
    {"png", "image/png"},
    {"ppt", "application/vnd.ms-powerpoint"},
    {"pptx", "application/vnd.openxmlformats-officedocument.presentationml.presentation"},
    {"ps", "application/postscript"},
    {"psd", "image/vnd.adobe.photoshop"},
    {"py", "text/x-python"},
    {"pyc", "application/x-python-code"},
    {"qt", "video/quicktime"},
    {"ra", "audio/x-pn-realaudio"},
    {"ram", "audio/x-pn-realaudio"},
    {"rar", "application/vnd.rar"},
    {"rb", "application/x-ruby"},
    {"rdf", "application/rdf+xml"},
    {"rss", "application/x-rss+xml"},
    {"rtf", "application/rtf"},
    {"sgml", "text/SGML"},
    {"sh", "text/x-sh"},
    {"shtml", "text/html"},
    {"so", "application/octet-stream"},
    {"sql", "application/sql"},
    {"srt", "text/plain"},
    {"stl", "model/stl"},
    {"svg", "image/svg+xml"},
    {"svgz", "image/svg+xml"},
    {"swf", "application/vnd.adobe.flash.movie"},
    {"tar", "application/x-tar"},
    {"taz", "application/x-gtar-compressed"},
    {"tcl", "text/x-tcl"},
    {"tex", "text/x-tex"},
    {"text", "text/plain"},
    {"tgz", "application/x-gtar-compressed"},
    {"tif", "image/tiff"},
    {"tiff", "image/tiff"},
    {"torrent", "application/x-bittorrent"},
    {"tsv", "text/tab-separated-values"},
    {"ttc", "font/collection"},
    {"ttf", "font/ttf"},
    {"ttl", "text/turtle"},
    {"txt", "text/plain"},
    {"vcf", "text/vcard"},
    {"vtt", "text/vtt"},
    {"wasm", "application/wasm"},
    {"wav", "audio/x-wav"},
    {"webm", "video/webm"},
    {"webmanifest", "application/manifest+json"},
    {"webp", "image/webp"},
    {"wma", "audio/x-ms-wma"},
    {"wmv", "video/x-ms-wmv"},
    {"woff", "font/woff"},
    {"woff2", "font/woff2"},
    {"wsdl", "application/wsdl+xml"},
    {"xhtml", "application/xhtml+xml"},
    {"xls", "application/vnd.ms-excel"},
    {"xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"},
    {"xml", "application/xml"},
    {"xsl", "application/xslt+xml"},
    {"xslt", "application/xslt+xml"},
    {"xul", "application/vnd.mozilla.xul+xml"},
    {"xz", "application/x-xz"},
    {"yang", "application/yang"},
    {"zip", "application/zip"},
};
static_assert(std::is_sorted(std::begin(types), std::end(types), [](Row a, Row b) { return a.name < b.name; }));

// Names that stand for two extensions; matched without case.
constexpr Row aliases[] = {
    {"svgz", "svg.gz"}, {"tgz", "tar.gz"}, {"taz", "tar.gz"}, {"tz", "tar.gz"}, {"tbz2", "tar.bz2"}, {"txz", "tar.xz"},
};

// Matched with case: "a.GZ" is no gzip file to Python.
constexpr Row encodings[] = {
    {"gz", "gzip"}, {"Z", "compress"}, {"bz2", "bzip2"}, {"xz", "xz"}, {"br", "br"},
};

template <std::size_t n>
std::string_view find_row(const Row (&rows)[n], std::string_view name) {
  auto row = std::find_if(std::begin(rows), std::end(rows), [name](Row r) { return r.name == name; });
  return row == std::end(rows) ? std::string_view{} : row->value;
}

std::string_view find_type(std::string_view extension) {
  auto row = std::lower_bound(std::begin(types), std::end(types), extension,
                              [](Row r, std::string_view name) { return r.name < name; });
  return row != std::end(types) && row->name == extension ? row->value : std::string_view{};
}

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return result;
}

std::string_view without_dot(std::string_view extension) { return extension.substr(extension.empty() ? 0 : 1); }

}  // namespace

GuessedType guess_type(std::string_view name) {
  SplitExtension split = split_extension(split_path(name).last);
  std::string expanded;
  if (std::string_view two = find_row(aliases, lower(without_dot(split.extension))); !two.empty()) {
    expanded.append(split.root).append(".").append(two);
    split = split_extension(expanded);
  }
  GuessedType guess;
  guess.encoding = find_row(encodings, without_dot(split.extension));
  if (!guess.encoding.empty()) split = split_extension(split.root);
  guess.type = find_type(lower(without_dot(split.extension)));
  return guess;
}

}  // namespace orlop::naming
