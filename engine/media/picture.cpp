#include "engine/media/picture.h"

#include <libintl.h>
#include <vips/vips.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdio>
#include <cstring>
#include <mutex>
#include <optional>
#include <shared_mutex>

#include "engine/api/result.h"
#include "engine/data/names.h"
#include "engine/media/file_type.h"
#include "engine/media/plain_formats.h"
#include "engine/media/resample.h"

namespace orrery::media {
namespace {

[[noreturn]] void refuse(const std::string& why) { throw Error(ErrorCode::bad_input, why); }

// Lines that libvips could not decode. Its caches paint such a line black, log this, and go on as if all were well.
std::atomic<std::int64_t> black_lines{0};
void hear_log(const gchar*, GLogLevelFlags, const gchar* text, gpointer) {
  if (text && std::strstr(text, "error in tile")) ++black_lines;
}

void start_vips() {
  static std::once_flag once;
  std::call_once(once, [] {
    if (VIPS_INIT("orrery") != 0) throw Error(ErrorCode::failed, "libvips does not start.", "Nothing was changed.", "Install libvips again.", vips_error_buffer());
    vips_concurrency_set(1);  // the importer's own threads do the work
    vips_cache_set_max(0);
    vips_block_untrusted_set(TRUE);
    vips_operation_block_set("VipsForeignLoadJxl", FALSE);  // blocked with the untrusted ones, but wanted
    // Untranslated, whatever the desktop speaks: the log above is understood by its words.
    bindtextdomain(("vips" + std::to_string(VIPS_MAJOR_VERSION) + "." + std::to_string(VIPS_MINOR_VERSION)).c_str(), "/");
    g_log_set_handler("VIPS", static_cast<GLogLevelFlags>(G_LOG_LEVEL_MASK), hear_log, nullptr);
  });
}

// libvips objects are counted references.
class Image {
 public:
  Image() = default;
  explicit Image(VipsImage* image) : image_(image) {}
  Image(Image&& other) noexcept : image_(std::exchange(other.image_, nullptr)) {}
  Image& operator=(Image&& other) noexcept {
    std::swap(image_, other.image_);
    return *this;
  }
  ~Image() {
    if (image_) g_object_unref(image_);
  }
  VipsImage* get() const { return image_; }
  VipsImage** out() {
    if (image_) g_object_unref(std::exchange(image_, nullptr));
    return &image_;
  }

 private:
  VipsImage* image_ = nullptr;
};

// The error text of libvips is one buffer per process, and so is the count above. Decoders share this lock; one that seems to have failed
// is repeated alone.
std::shared_mutex error_text;
// Pictures that need much memory are decoded one at a time.
std::mutex large_picture;
constexpr std::uint64_t large_bytes = std::uint64_t{48} << 20;

// "VipsJpeg: premature end of JPEG image\n" -> "premature end of JPEG image"; the first line tells the cause.
std::string plain_error(std::string text) {
  text = text.substr(0, text.find('\n'));
  if (const auto colon = text.find(": "); colon != std::string::npos && text.substr(0, colon).find(' ') == std::string::npos) text = text.substr(colon + 2);
  if (text == "operation is blocked") text = "its header";  // no safe reader knows it
  return data::readable_name(text.empty() ? "no reason given" : text);
}

struct Verdict {
  bool good = false;
  std::string complaint;  // the reason; or, if good, what a tolerant decoder found to say
};
// Runs `call` (0: success). `hears_complaints`: also repeats it when it succeeded but may have written an error, to learn which.
template <class Call> Verdict judged(Call call, bool hears_complaints) {
  {
    std::shared_lock lock(error_text);
    const std::int64_t before = black_lines;
    if (call() == 0 && black_lines == before && !(hears_complaints && *vips_error_buffer())) return {true, ""};
  }
  std::unique_lock lock(error_text);
  vips_error_clear();
  const std::int64_t before = black_lines;
  Verdict verdict;
  verdict.good = call() == 0 && black_lines == before;
  const std::string text = vips_error_buffer();
  if (!verdict.good || !text.empty()) verdict.complaint = plain_error(text);
  vips_error_clear();
  return verdict;
}
// Nothing if `call` went well, else the reason.
template <class Call> std::optional<std::string> error_of(Call call) {
  const Verdict verdict = judged(call, false);
  if (verdict.good) return std::nullopt;
  return verdict.complaint;
}
// Runs what should not fail because of the input.
template <class Call> void must(Call call) {
  if (const auto error = error_of(call)) refuse("it cannot be converted (" + *error + ")");
}

int number_of(VipsImage* image, const char* field) {
  int value = 0;
  if (vips_image_get_typeof(image, field) == G_TYPE_INT && vips_image_get_int(image, field, &value) != 0) value = 0;
  return value;
}

struct Header {
  FileType type = FileType::unknown;
  int width_px = 0, height_px = 0;  // as stored
  bool turned = false;              // EXIF says that it lies on its side
  int frames = 1;
  bool profile = false;
  bool cmyk = false;
  std::uint64_t memory_bytes = 0;   // what its decoder must hold at once
};

FileType checked_type(std::string_view bytes, std::string_view name) {
  if (bytes.empty()) refuse("it is empty");
  const FileType claimed = type_of_extension(data::extension_of(name));
  FileType found = type_of_content(bytes);
  if (found == FileType::unknown && claimed == FileType::tga) found = FileType::tga;
  const bool siblings = (claimed == FileType::heic && found == FileType::avif);  // .heif is a container for both
  if (is_picture(claimed) && found != claimed && !siblings) {
    if (found == FileType::unknown) refuse(std::string("it is damaged or not ") + type_name(claimed));
    refuse(std::string("its name says ") + type_name(claimed) + ", its content is " + type_name(found) + "; rename it if you want it");
  }
  if (!is_picture(found)) refuse("it is not a picture");
  return found;
}

std::uint64_t decoder_bytes(VipsImage* image, FileType type) {
  const std::uint64_t pixels = static_cast<std::uint64_t>(image->Xsize) * static_cast<std::uint64_t>(image->Ysize);
  const std::uint64_t pixel = VIPS_IMAGE_SIZEOF_PEL(image);
  switch (type) {
    case FileType::jpeg: return number_of(image, "jpeg-multiscan") || number_of(image, "interlaced") ? 3 * pixels : 0;  // else line by line
    case FileType::png: return number_of(image, "interlaced") ? pixels * pixel : 0;
    case FileType::tiff: return pixels * pixel;  // it may be one strip
    case FileType::jxl: return 3 * pixels * pixel;
    default: return 2 * pixels * 4;
  }
}

Header read_header(std::string_view bytes, std::string_view name) {
  Header header;
  header.type = checked_type(bytes, name);
  if (header.type == FileType::bmp || header.type == FileType::tga || header.type == FileType::pnm) {
    const PlainSize size = plain_size(bytes, header.type);
    header.width_px = size.width_px;
    header.height_px = size.height_px;
    header.memory_bytes = 2 * static_cast<std::uint64_t>(size.width_px) * static_cast<std::uint64_t>(size.height_px) * static_cast<std::uint64_t>(size.channels);
    return header;
  }
  start_vips();
  Image image;
  const auto open = [&] {
    image = Image(vips_image_new_from_buffer(bytes.data(), bytes.size(), "", "access", VIPS_ACCESS_SEQUENTIAL, nullptr));
    return image.get() ? 0 : -1;
  };
  if (const auto error = error_of(open)) refuse("it is damaged (" + *error + ")");
  header.width_px = image.get()->Xsize;
  header.height_px = image.get()->Ysize;
  header.turned = vips_image_get_orientation_swap(image.get());
  header.frames = std::max(1, number_of(image.get(), "n-pages"));
  header.profile = vips_image_get_typeof(image.get(), VIPS_META_ICC_NAME) != 0;
  header.cmyk = image.get()->Type == VIPS_INTERPRETATION_CMYK;
  header.memory_bytes = decoder_bytes(image.get(), header.type);
  return header;
}

std::string decimal(double value) {
  const auto tenths = static_cast<long long>(value * 10 + 0.5);
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10);
}

void check_limits(const Header& header, std::uint64_t file_bytes, const PictureLimits& limits) {
  const std::uint64_t pixels = static_cast<std::uint64_t>(header.width_px) * static_cast<std::uint64_t>(header.height_px);
  if (file_bytes > limits.file_bytes) refuse("it is too large a file: " + std::to_string(file_bytes >> 20) + " MB; the limit is " + std::to_string(limits.file_bytes >> 20) + " MB");
  if (pixels > limits.pixels) refuse("it is too large: " + decimal(static_cast<double>(pixels) / 1e6) + " megapixels; the limit is " + decimal(static_cast<double>(limits.pixels) / 1e6));
  if (header.memory_bytes + file_bytes > limits.memory_bytes) {
    refuse("it is too large: it would need " + decimal(static_cast<double>(header.memory_bytes + file_bytes) / 1e9) + " GB of memory; the limit is " + decimal(static_cast<double>(limits.memory_bytes) / 1e9) + " GB");
  }
}

// What libvips is asked for on the way from width x height to the square: it only ever shrinks and crops. (When it enlarges, it shifts the
// picture by half a pixel.)
struct Shrink {
  int width_px, height_px;
  VipsInteresting crop = VIPS_INTERESTING_NONE;
  VipsSize sizing = VIPS_SIZE_DOWN;
};
Shrink shrink_for(int width_px, int height_px, int size_px, Fit fit) {
  switch (fit) {
    case Fit::crop: {
      const int side = std::min({width_px, height_px, size_px});
      return {side, side, VIPS_INTERESTING_CENTRE};
    }
    case Fit::pad: return {size_px, size_px};
    case Fit::stretch: break;
  }
  return {std::min(width_px, size_px), std::min(height_px, size_px), VIPS_INTERESTING_NONE, VIPS_SIZE_FORCE};
}

// The rest of the way: enlarges if need be, and puts what is not square into the middle of white.
data::Pixels placed(const data::Pixels& shrunk, int size_px, Fit fit) {
  if (fit != Fit::pad) return resample(shrunk, size_px, size_px);
  const double scale = static_cast<double>(size_px) / std::max(shrunk.width_px, shrunk.height_px);
  const auto scaled = [&](int side) { return std::clamp(static_cast<int>(std::lround(side * scale)), 1, size_px); };
  const data::Pixels inner = resample(shrunk, scaled(shrunk.width_px), scaled(shrunk.height_px));
  if (inner.width_px == size_px && inner.height_px == size_px) return inner;
  data::Pixels out(size_px, size_px, 3);
  std::fill(out.bytes.begin(), out.bytes.end(), std::uint8_t{255});
  const int left = (size_px - inner.width_px) / 2, top = (size_px - inner.height_px) / 2;
  for (int y = 0; y < inner.height_px; ++y) std::copy_n(inner.row(y), inner.width_px * 3, out.row(top + y) + left * 3);
  return out;
}

// Any small libvips image to RGB pixels on white.
data::Pixels finish(Image image, std::vector<std::string>* notes) {
  if (vips_image_hasalpha(image.get())) {
    Image alpha;
    double least = 255.0, full = image.get()->BandFmt == VIPS_FORMAT_USHORT ? 65535.0 : 255.0;
    must([&] { return vips_extract_band(image.get(), alpha.out(), image.get()->Bands - 1, nullptr); });
    must([&] { return vips_min(alpha.get(), &least, nullptr); });
    if (notes && least < full) notes->push_back("transparency put on white");
    Image flat;
    VipsArrayDouble* white = vips_array_double_newv(1, full);
    must([&] { return vips_flatten(image.get(), flat.out(), "background", white, "max_alpha", full, nullptr); });
    vips_area_unref(VIPS_AREA(white));
    image = std::move(flat);
  }
  if (image.get()->Type != VIPS_INTERPRETATION_sRGB || image.get()->Bands < 3) {
    Image coloured;
    must([&] { return vips_colourspace(image.get(), coloured.out(), VIPS_INTERPRETATION_sRGB, nullptr); });
    image = std::move(coloured);
  }
  if (image.get()->Bands > 3) {
    Image three;
    must([&] { return vips_extract_band(image.get(), three.out(), 0, "n", 3, nullptr); });
    image = std::move(three);
  }
  if (image.get()->BandFmt != VIPS_FORMAT_UCHAR) {
    Image bytes;
    must([&] { return vips_cast(image.get(), bytes.out(), VIPS_FORMAT_UCHAR, nullptr); });
    image = std::move(bytes);
  }
  if (image.get()->Bands != 3) refuse("its colours have " + std::to_string(image.get()->Bands) + " channels");
  std::size_t size = 0;
  void* memory = nullptr;
  must([&] { return (memory = vips_image_write_to_memory(image.get(), &size)) ? 0 : -1; });
  data::Pixels out(image.get()->Xsize, image.get()->Ysize, 3);
  std::memcpy(out.bytes.data(), memory, std::min(size, out.bytes.size()));
  g_free(memory);
  return out;
}

VipsInterpretation interpretation(int channels) { return channels < 3 ? VIPS_INTERPRETATION_B_W : VIPS_INTERPRETATION_sRGB; }

// A libvips image that looks at `pixels`, which must outlive it.
Image view(const data::Pixels& pixels) {
  start_vips();
  Image raw, image;
  must([&] {
    raw = Image(vips_image_new_from_memory(pixels.bytes.data(), pixels.bytes.size(), pixels.width_px, pixels.height_px, pixels.channels, VIPS_FORMAT_UCHAR));
    return raw.get() ? 0 : -1;
  });
  must([&] { return vips_copy(raw.get(), image.out(), "interpretation", interpretation(pixels.channels), nullptr); });
  return image;
}

data::Pixels fit_any(const data::Pixels& pixels, int size_px, Fit fit, std::vector<std::string>* notes) {
  const Image image = view(pixels);
  const Shrink to = shrink_for(pixels.width_px, pixels.height_px, size_px, fit);
  Image small;
  must([&] { return vips_thumbnail_image(image.get(), small.out(), to.width_px, "height", to.height_px, "crop", to.crop, "size", to.sizing, nullptr); });
  return placed(finish(std::move(small), notes), size_px, fit);
}

// Reads `bytes` in one of libvips' own formats. Cut-off files fail; JPEGs with small errors inside pass,
// with a note. (The option string is how: in libvips 8.14 the thumbnailer of buffers forgets its own fail_on.)
Image read_shrunk(std::string_view bytes, const Header& header, const Shrink& to, std::vector<std::string>& notes) {
  Image small;
  // Asking for a profile conversion where there is no profile doubles the time.
  const char* convert = header.profile || header.cmyk ? "export_profile" : nullptr;
  const auto run = [&] {
    Image lazy;
    if (vips_thumbnail_buffer(const_cast<char*>(bytes.data()), bytes.size(), lazy.out(), to.width_px, "height", to.height_px, "crop", to.crop, "size", to.sizing, "option_string", "[fail-on=error]",
                              convert, "srgb", nullptr) != 0) return -1;
    small = Image(vips_image_copy_memory(lazy.get()));
    return small.get() ? 0 : -1;
  };
  const Verdict verdict = judged(run, header.type == FileType::jpeg);
  // What libjpeg calls a premature end of a segment are pixels that are not there.
  if (!verdict.good || verdict.complaint.find("remature end") != std::string::npos) refuse("it is damaged (" + verdict.complaint + ")");
  if (!verdict.complaint.empty()) notes.push_back("slightly damaged (" + verdict.complaint + ")");
  return small;
}

}  // namespace

Picture decode_picture(std::string_view bytes, std::string_view name, int size_px, Fit fit, const PictureLimits& limits) {
  const Header header = read_header(bytes, name);
  check_limits(header, bytes.size(), limits);
  std::unique_lock large(large_picture, std::defer_lock);
  if (header.memory_bytes + bytes.size() > large_bytes) large.lock();
  Picture out;
  if (header.frames > 1 && header.type != FileType::tiff) out.notes.push_back("animation of " + std::to_string(header.frames) + " frames, the first one taken");
  if (header.frames > 1 && header.type == FileType::tiff) out.notes.push_back("document of " + std::to_string(header.frames) + " pages, the first one taken");
  if (header.cmyk && !header.profile) out.notes.push_back("print colours (CMYK) without a profile, converted with a general one");
  if (header.width_px < size_px && header.height_px < size_px) out.notes.push_back("smaller than the store (" + std::to_string(header.width_px) + " x " + std::to_string(header.height_px) + "), enlarged");
  if (header.type == FileType::bmp || header.type == FileType::tga || header.type == FileType::pnm) {
    out.pixels = fit_any(decode_plain(bytes, header.type), size_px, fit, &out.notes);
    return out;
  }
  const Shrink to = header.turned ? shrink_for(header.height_px, header.width_px, size_px, fit) : shrink_for(header.width_px, header.height_px, size_px, fit);
  out.pixels = placed(finish(read_shrunk(bytes, header, to, out.notes), &out.notes), size_px, fit);
  return out;
}

data::Pixels fit_pixels(const data::Pixels& pixels, int size_px, Fit fit) { return fit_any(pixels, size_px, fit, nullptr); }

PictureSize picture_size(std::string_view bytes, std::string_view name) {
  const Header header = read_header(bytes, name);
  return header.turned ? PictureSize{header.height_px, header.width_px} : PictureSize{header.width_px, header.height_px};
}

data::Pixels decode_whole(std::string_view bytes, std::string_view name, const PictureLimits& limits) {
  const Header header = read_header(bytes, name);
  check_limits(header, bytes.size(), limits);
  const std::lock_guard large(large_picture);
  std::vector<std::string> notes;
  const int width_px = header.turned ? header.height_px : header.width_px, height_px = header.turned ? header.width_px : header.height_px;
  if (header.type == FileType::bmp || header.type == FileType::tga || header.type == FileType::pnm) {
    const data::Pixels plain = decode_plain(bytes, header.type);
    return finish(view(plain), &notes);
  }
  return finish(read_shrunk(bytes, header, {width_px, height_px, VIPS_INTERESTING_NONE, VIPS_SIZE_FORCE}, notes), &notes);
}

void end_picture_thread() {
  start_vips();  // this thread may have decoded nothing, and may end while another one starts libvips
  vips_thread_shutdown();
}

}  // namespace orrery::media
