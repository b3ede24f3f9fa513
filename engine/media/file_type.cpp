#include "engine/media/file_type.h"

#include <algorithm>
#include <array>
#include <utility>

namespace orrery::media {
namespace {

using namespace std::string_view_literals;

constexpr std::pair<std::string_view, FileType> extensions[] = {
    {"jpg", FileType::jpeg},    {"jpeg", FileType::jpeg},  {"jpe", FileType::jpeg},   {"jfif", FileType::jpeg},  {"png", FileType::png},
    {"apng", FileType::png},    {"gif", FileType::gif},    {"webp", FileType::webp},  {"tif", FileType::tiff},   {"tiff", FileType::tiff},
    {"bmp", FileType::bmp},     {"dib", FileType::bmp},    {"tga", FileType::tga},    {"ppm", FileType::pnm},    {"pgm", FileType::pnm},
    {"pnm", FileType::pnm},     {"heic", FileType::heic},  {"heif", FileType::heic},  {"avif", FileType::avif},  {"jxl", FileType::jxl},
    {"mp4", FileType::film},    {"m4v", FileType::film},   {"mov", FileType::film},   {"mkv", FileType::film},   {"webm", FileType::film},
    {"avi", FileType::film},    {"mpg", FileType::film},   {"mpeg", FileType::film},  {"ts", FileType::film},    {"m2ts", FileType::film},
    {"ogv", FileType::film},    {"flv", FileType::film},   {"wmv", FileType::film},   {"3gp", FileType::film},   {"ttf", FileType::font},
    {"otf", FileType::font},    {"ttc", FileType::font},   {"otc", FileType::font},   {"woff", FileType::font},  {"woff2", FileType::font},
    {"pfb", FileType::font},    {"zip", FileType::zip},    {"tar", FileType::archive}, {"tgz", FileType::archive}, {"gz", FileType::archive},
    {"bz2", FileType::archive}, {"tbz2", FileType::archive}, {"xz", FileType::archive}, {"txz", FileType::archive}, {"zst", FileType::archive},
    {"tzst", FileType::archive}, {"7z", FileType::archive},
};

constexpr std::string_view others[] = {
    "txt", "md",  "csv", "tsv", "json", "jsonl", "xml", "html", "htm", "css", "js",  "py",  "cpp", "h",   "sh",   "log",  "ini",  "cfg",  "yaml", "yml", "toml", "caption", "pdf", "svg",
    "eps", "ps",  "psd", "xcf", "kra",  "ai",    "doc", "docx", "xls", "xlsx", "ppt", "pptx", "odt", "ods", "mp3", "wav", "flac", "ogg", "opus", "m4a", "db",  "sqlite", "exe", "dll",
    "so",  "bin", "dat", "npz", "npy", "pkl", "pt",  "pth", "ckpt", "safetensors", "parquet", "cr2", "cr3", "nef", "arw", "dng", "orf", "rw2", "raf", "raw", "xmp", "lnk", "url", "ds_store",
};

constexpr std::pair<std::string_view, FileType> marks[] = {
    {"\xFF\xD8\xFF"sv, FileType::jpeg},  {"\x89PNG\r\n\x1a\n"sv, FileType::png}, {"GIF87a"sv, FileType::gif},      {"GIF89a"sv, FileType::gif},
    {"II*\0"sv, FileType::tiff},         {"MM\0*"sv, FileType::tiff},            {"II+\0"sv, FileType::tiff},      {"MM\0+"sv, FileType::tiff},
    {"\xFF\x0A"sv, FileType::jxl},       {"\0\0\0\x0CJXL \r\n\x87\n"sv, FileType::jxl},
    {"\x1A\x45\xDF\xA3"sv, FileType::film}, {"FLV\1"sv, FileType::film},         {"OggS"sv, FileType::film},       {"\0\0\1\xBA"sv, FileType::film},
    {"\x30\x26\xB2\x75"sv, FileType::film}, {"\0\1\0\0\0"sv, FileType::font},    {"OTTO"sv, FileType::font},       {"ttcf"sv, FileType::font},
    {"wOFF"sv, FileType::font},          {"wOF2"sv, FileType::font},             {"true\0"sv, FileType::font},     {"PK\3\4"sv, FileType::zip},
    {"PK\5\6"sv, FileType::zip},         {"7z\xBC\xAF\x27\x1C"sv, FileType::archive}, {"\x1F\x8B"sv, FileType::archive}, {"BZh"sv, FileType::archive},
    {"\xFD" "7zXZ\0"sv, FileType::archive}, {"\x28\xB5\x2F\xFD"sv, FileType::archive}, {"%PDF"sv, FileType::other},  {"8BPS"sv, FileType::other},
};

}  // namespace

const char* type_name(FileType type) {
  static constexpr std::array names{"something unknown", "JPEG", "PNG", "GIF", "WebP", "TIFF", "BMP", "TGA", "PPM or PGM", "HEIC", "AVIF", "JPEG XL", "a film", "a font", "a zip", "an archive", "another kind of file"};
  return names[static_cast<std::size_t>(type)];
}

bool is_picture(FileType type) { return type >= FileType::jpeg && type <= FileType::jxl; }

FileType type_of_content(std::string_view head) {
  for (const auto& [mark, type] : marks) {
    if (head.starts_with(mark)) return type;
  }
  if (head.size() >= 12 && head.starts_with("RIFF")) {
    if (head.substr(8, 4) == "WEBP") return FileType::webp;
    return head.substr(8, 4) == "AVI " ? FileType::film : FileType::other;
  }
  if (head.size() >= 12 && head.substr(4, 4) == "ftyp") {
    const std::string_view brand = head.substr(8, 4);
    if (brand == "avif" || brand == "avis") return FileType::avif;
    if (brand == "heic" || brand == "heix" || brand == "heim" || brand == "heis" || brand == "hevc" || brand == "mif1" || brand == "msf1") {
      // The major brand may be the general one; the compatible ones tell the coding.
      return brand == "mif1" && head.substr(16, 64).find("avif") != std::string_view::npos ? FileType::avif : FileType::heic;
    }
    return FileType::film;
  }
  if (head.size() >= 12 && (head.substr(4, 4) == "moov" || head.substr(4, 4) == "mdat" || head.substr(4, 4) == "wide")) return FileType::film;
  if (head.size() >= 18 && head.starts_with("BM") && head[14] >= 12 && head.substr(15, 3) == "\0\0\0"sv) return FileType::bmp;
  if (head.size() >= 7 && head[0] == 'P' && (head[1] == '5' || head[1] == '6') && (head[2] == '\n' || head[2] == ' ' || head[2] == '\r' || head[2] == '\t')) return FileType::pnm;
  if (head.size() >= 262 && head.substr(257, 5) == "ustar") return FileType::archive;
  if (head.size() >= 377 && head[0] == 0x47 && head[188] == 0x47 && head[376] == 0x47) return FileType::film;  // MPEG transport stream
  return FileType::unknown;
}

FileType type_of_extension(std::string_view extension) {
  for (const auto& [name, type] : extensions) {
    if (name == extension) return type;
  }
  return std::find(std::begin(others), std::end(others), extension) != std::end(others) ? FileType::other : FileType::unknown;
}

}  // namespace orrery::media
