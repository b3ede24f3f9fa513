#include "engine/media/film_container.h"

extern "C" {
#include <libavformat/avformat.h>
#include <libavutil/error.h>
#include <libavutil/mathematics.h>
#include <libavutil/opt.h>
}

#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cmath>
#include <exception>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <string_view>

#include "engine/api/result.h"
#include "engine/io/atomic_file.h"

namespace orrery::media {
namespace {

constexpr int kBuffer = 1 << 16;

struct Input {
  AVFormatContext* context = nullptr;
  ~Input() { avformat_close_input(&context); }
};

// One position in an AtomicFile, as FFmpeg reads and writes it. An error is kept and thrown again where no C code is in between.
struct Cursor {
  io::AtomicFile* file = nullptr;
  std::uint64_t at = 0;
  std::exception_ptr* failure = nullptr;
};

int write_some(void* opaque, std::uint8_t* bytes, int size) {
  auto& cursor = *static_cast<Cursor*>(opaque);
  try {
    cursor.file->write_at(cursor.at, {reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size)});
    cursor.at += static_cast<std::uint64_t>(size);
    return size;
  } catch (...) {
    if (!*cursor.failure) *cursor.failure = std::current_exception();
    return AVERROR(EIO);
  }
}

int read_some(void* opaque, std::uint8_t* bytes, int size) {
  auto& cursor = *static_cast<Cursor*>(opaque);
  try {
    const std::size_t got = cursor.file->read_at(cursor.at, reinterpret_cast<char*>(bytes), static_cast<std::size_t>(size));
    cursor.at += got;
    return got == 0 ? AVERROR_EOF : static_cast<int>(got);
  } catch (...) {
    if (!*cursor.failure) *cursor.failure = std::current_exception();
    return AVERROR(EIO);
  }
}

std::int64_t seek(void* opaque, std::int64_t offset, int whence) {
  auto& cursor = *static_cast<Cursor*>(opaque);
  const auto size = static_cast<std::int64_t>(cursor.file->size());
  if (whence == AVSEEK_SIZE) return size;
  const std::int64_t to = whence == SEEK_CUR ? static_cast<std::int64_t>(cursor.at) + offset : whence == SEEK_END ? size + offset : offset;
  if (to < 0) return AVERROR(EINVAL);
  cursor.at = static_cast<std::uint64_t>(to);
  return to;
}

// A muxer that writes into an AtomicFile, and may read it back through a second cursor (the index is moved to the front at the end).
class Output {
 public:
  Output(const std::string& path, const char* muxer) : file_(path) {
    if (avformat_alloc_output_context2(&context_, nullptr, muxer, nullptr) < 0) refuse_film("There is no writer for " + std::string(muxer) + " films.", AVERROR_MUXER_NOT_FOUND, "");
    context_->opaque = this;
    context_->pb = open(&writing_, true);
    context_->flags |= AVFMT_FLAG_CUSTOM_IO | AVFMT_FLAG_BITEXACT;
    context_->io_open = [](AVFormatContext* context, AVIOContext** io, const char*, int flags, AVDictionary**) {
      auto& self = *static_cast<Output*>(context->opaque);
      *io = self.open(&self.reading_, (flags & AVIO_FLAG_WRITE) != 0);
      return 0;
    };
    context_->io_close2 = [](AVFormatContext*, AVIOContext* io) {
      close(io);
      return 0;
    };
  }
  ~Output() {
    close(context_->pb);
    avformat_free_context(context_);
  }
  Output(const Output&) = delete;
  Output& operator=(const Output&) = delete;

  AVFormatContext* context() { return context_; }
  void check(int result, const std::string& what, const std::string& safe) const {
    if (failure_) std::rethrow_exception(failure_);
    if (result < 0) refuse_film(what, result, safe);
  }
  void commit() { file_.commit(); }

 private:
  AVIOContext* open(Cursor* cursor, bool write) {
    *cursor = {&file_, 0, &failure_};
    auto* buffer = static_cast<std::uint8_t*>(av_malloc(kBuffer));
    return avio_alloc_context(buffer, kBuffer, write, cursor, read_some, write_some, seek);
  }
  static void close(AVIOContext* io) {
    if (!io) return;
    avio_flush(io);
    av_freep(&io->buffer);
    avio_context_free(&io);
  }

  io::AtomicFile file_;
  std::exception_ptr failure_;
  Cursor writing_, reading_;
  AVFormatContext* context_ = nullptr;
};

std::string comment_of(const AVFormatContext* context) {
  const AVDictionaryEntry* entry = av_dict_get(context->metadata, "comment", nullptr, 0);
  return entry ? entry->value : "";
}

void open_input(Input& input, const std::string& path, const char* demuxer) {
  quiet_ffmpeg();
  // A named demuxer and the file protocol alone: a hostile file cannot make it open another one.
  int result = 0;
  do {
    AVDictionary* options = nullptr;
    av_dict_set(&options, "protocol_whitelist", "file", 0);
    av_dict_set(&options, "format_whitelist", demuxer, 0);
    result = avformat_open_input(&input.context, path.c_str(), nullptr, &options);
    av_dict_free(&options);
  } while (result == AVERROR(EINTR));
  if (result < 0) {
    char text[AV_ERROR_MAX_STRING_SIZE];
    throw Error(ErrorCode::bad_input, path + " is not a film that can be read.", "Nothing was changed.", "Choose another file.", av_make_error_string(text, sizeof text, result));
  }
}

const char* demuxer_of(FilmFormat format) { return format == FilmFormat::mp4 ? "mov,mp4,m4a,3gp,3g2,mj2" : "matroska,webm"; }

}  // namespace

void quiet_ffmpeg() {
  static std::once_flag once;
  std::call_once(once, [] { av_log_set_level(AV_LOG_QUIET); });
}

void refuse_film(const std::string& what, int av_error, const std::string& safe) {
  char text[AV_ERROR_MAX_STRING_SIZE];
  av_make_error_string(text, sizeof text, av_error);
  const bool full = av_error == AVERROR(ENOSPC) || av_error == AVERROR(EFBIG) || av_error == AVERROR(EDQUOT);
  throw Error(full ? ErrorCode::disk_full : ErrorCode::failed, full ? what + " The disk is full." : what, safe, full ? "Free some space and try again." : "Try another format or size.", text);
}

void remux_film(const std::string& part, const std::string& out, FilmFormat format) {
  const std::string safe = "The frames so far are in " + part + ".";
  Input input;
  open_input(input, part, demuxer_of(format));
  const int found = avformat_find_stream_info(input.context, nullptr);
  if (found < 0 || input.context->nb_streams != 1) refuse_film(part + " holds no film.", found, safe);
  const AVStream* from = input.context->streams[0];

  Output output(out, format == FilmFormat::mp4 ? "mp4" : "webm");
  AVStream* to = avformat_new_stream(output.context(), nullptr);
  output.check(to ? avcodec_parameters_copy(to->codecpar, from->codecpar) : AVERROR(ENOMEM), out + " could not be begun.", safe);
  to->codecpar->codec_tag = 0;
  to->time_base = from->time_base;
  to->avg_frame_rate = from->avg_frame_rate;
  av_dict_copy(&output.context()->metadata, input.context->metadata, 0);
  AVDictionary* options = nullptr;
  if (format == FilmFormat::mp4) av_dict_set(&options, "movflags", "+faststart", 0);
  const int begun = avformat_write_header(output.context(), &options);
  av_dict_free(&options);
  output.check(begun, out + " could not be begun.", safe);

  const std::int64_t first = from->start_time == AV_NOPTS_VALUE ? 0 : from->start_time;
  AVPacket* packet = av_packet_alloc();
  int result = 0;
  std::int64_t copied = 0;
  // A part that breaks off ends here, before the frame of which only a piece reached the disk.
  while (result >= 0 && av_read_frame(input.context, packet) >= 0 && !(packet->flags & AV_PKT_FLAG_CORRUPT)) {
    // The first frame is shown at 0; decoding may begin before that, which the container's edit list says.
    if (packet->pts != AV_NOPTS_VALUE) packet->pts -= first;
    if (packet->dts != AV_NOPTS_VALUE) packet->dts -= first;
    av_packet_rescale_ts(packet, from->time_base, to->time_base);
    packet->pos = -1;
    packet->stream_index = 0;
    result = av_interleaved_write_frame(output.context(), packet);
    ++copied;
  }
  av_packet_free(&packet);
  output.check(result, out + " could not be written.", safe);
  if (copied == 0) refuse_film(part + " holds no whole frame.", AVERROR_INVALIDDATA, safe);
  output.check(av_write_trailer(output.context()), out + " could not be finished.", safe);
  avio_flush(output.context()->pb);
  output.check(output.context()->pb->error, out + " could not be finished.", safe);
  output.commit();
}

std::optional<FilmFormat> film_format(const std::string& path) {
  std::string extension = std::filesystem::path(path).extension();
  std::transform(extension.begin(), extension.end(), extension.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  if (extension == ".mp4") return FilmFormat::mp4;
  if (extension == ".webm") return FilmFormat::webm;
  if (extension == ".gif") return FilmFormat::gif;
  return std::nullopt;
}

std::optional<FilmFormat> film_format_of_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  char bytes[12] = {};
  file.read(bytes, sizeof bytes);
  const std::string_view head(bytes, static_cast<std::size_t>(file.gcount()));
  if (head.starts_with("GIF8")) return FilmFormat::gif;
  if (head.starts_with("\x1A\x45\xDF\xA3")) return FilmFormat::webm;
  if (head.size() >= 8 && head.substr(4, 4) == "ftyp") return FilmFormat::mp4;
  return std::nullopt;
}

const char* film_extension(FilmFormat format) { return format == FilmFormat::mp4 ? ".mp4" : format == FilmFormat::webm ? ".webm" : ".gif"; }

void recover_film(const std::string& part, const std::string& out) {
  const auto format = film_format(out);
  if (!format) throw Error(ErrorCode::wrong_use, out + " is not the name of a film.", "Nothing was changed.", "Choose a name that ends in .mp4, .webm or .gif.");
  if (*format == FilmFormat::gif) finish_gif(part, out, {});
  else remux_film(part, out, *format);
  std::error_code none;
  std::filesystem::remove(part, none);
}

std::string read_film_comment(const std::string& path) {
  const auto format = film_format_of_file(path);
  if (!format) throw Error(ErrorCode::bad_input, path + " is not a film of a form that Orrery writes.", "Nothing was changed.", "Choose an .mp4, .webm or .gif.");
  if (*format == FilmFormat::gif) return gif_comment(path);
  Input input;
  open_input(input, path, demuxer_of(*format));
  return comment_of(input.context);
}

}  // namespace orrery::media
