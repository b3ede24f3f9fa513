#include "engine/media/film_reader.h"

#include <sys/stat.h>
#include <unistd.h>

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/display.h>
#include <libavutil/pixdesc.h>
#include <libswscale/swscale.h>
}

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <mutex>

#include "engine/api/result.h"
#include "engine/data/names.h"

namespace orrery::media {
namespace {

constexpr int most_pixels = 64'000'000;  // 8K has 33 million
// Containers of moving pictures only: no playlists, no image sequences, no devices.
constexpr const char* demuxers = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,avi,mpegts,mpeg,mpegvideo,ogg,flv,asf,gif,apng,m4v,h264,hevc,ivf,nut,mxf,dv";

[[noreturn]] void refuse(const std::string& why) { throw Error(ErrorCode::bad_input, why); }

std::string text_of(int error) {
  char text[AV_ERROR_MAX_STRING_SIZE] = {};
  av_strerror(error, text, sizeof text);
  return data::readable_name(text);
}

struct Source {
  int descriptor = -1;
  std::int64_t at = 0, size = 0;

  static int read(void* opaque, std::uint8_t* into, int count) {
    auto& source = *static_cast<Source*>(opaque);
    ssize_t got;
    do got = ::pread(source.descriptor, into, static_cast<std::size_t>(count), source.at);
    while (got < 0 && errno == EINTR);
    if (got < 0) return AVERROR(errno);
    if (got == 0) return AVERROR_EOF;
    source.at += got;
    return static_cast<int>(got);
  }
  static std::int64_t seek(void* opaque, std::int64_t offset, int whence) {
    auto& source = *static_cast<Source*>(opaque);
    if (whence & AVSEEK_SIZE) return source.size;
    const std::int64_t target = (whence & 3) == SEEK_CUR ? source.at + offset : (whence & 3) == SEEK_END ? source.size + offset : offset;
    if (target < 0) return AVERROR(EINVAL);
    return source.at = target;
  }
};

// A file that names another file gets nothing.
int refuse_open(AVFormatContext*, AVIOContext**, const char*, int, AVDictionary**) { return AVERROR(EPERM); }

data::Pixels turned(const data::Pixels& in, int quarter_turns) {
  if (quarter_turns == 0) return in;
  const bool swap = quarter_turns % 2 == 1;
  data::Pixels out(swap ? in.height_px : in.width_px, swap ? in.width_px : in.height_px, 3);
  for (int y = 0; y < out.height_px; ++y) {
    for (int x = 0; x < out.width_px; ++x) {
      // Clockwise: what is at the left goes to the top.
      const int from_x = quarter_turns == 1 ? y : quarter_turns == 2 ? in.width_px - 1 - x : in.width_px - 1 - y;
      const int from_y = quarter_turns == 1 ? in.height_px - 1 - x : quarter_turns == 2 ? in.height_px - 1 - y : x;
      std::copy_n(in.row(from_y) + from_x * 3, 3, out.row(y) + x * 3);
    }
  }
  return out;
}

}  // namespace

struct FilmReader::Impl {
  Source source;
  AVIOContext* io = nullptr;
  AVFormatContext* format = nullptr;
  AVCodecContext* codec = nullptr;
  AVFrame* frame = nullptr;
  AVPacket* packet = nullptr;
  SwsContext* scaler = nullptr;
  int stream = -1;
  int quarter_turns = 0;
  bool draining = false;
  std::int64_t damaged = 0;
  double next_s = -1e300;

  ~Impl() {
    sws_freeContext(scaler);
    av_packet_free(&packet);
    av_frame_free(&frame);
    avcodec_free_context(&codec);
    avformat_close_input(&format);
    if (io) av_freep(&io->buffer);
    avio_context_free(&io);
  }

  void open(int descriptor) {
    static std::once_flag quiet;
    std::call_once(quiet, [] { av_log_set_level(AV_LOG_QUIET); });
    struct stat state {};
    if (::fstat(descriptor, &state) != 0) refuse("it cannot be read");
    source = {descriptor, 0, state.st_size};
    constexpr int buffer_bytes = 1 << 16;
    io = avio_alloc_context(static_cast<unsigned char*>(av_malloc(buffer_bytes)), buffer_bytes, 0, &source, Source::read, nullptr, Source::seek);
    format = avformat_alloc_context();
    frame = av_frame_alloc();
    packet = av_packet_alloc();
    if (!io || !format || !frame || !packet) throw std::bad_alloc();
    format->pb = io;
    format->io_open = refuse_open;
    format->flags |= AVFMT_FLAG_CUSTOM_IO;
    AVDictionary* options = nullptr;
    av_dict_set(&options, "format_whitelist", demuxers, 0);
    av_dict_set(&options, "protocol_whitelist", "none", 0);
    const int opened = avformat_open_input(&format, nullptr, nullptr, &options);
    av_dict_free(&options);
    if (opened < 0) refuse("it is damaged or not a film (" + text_of(opened) + ")");
    if (const int found = avformat_find_stream_info(format, nullptr); found < 0) refuse("it is damaged (" + text_of(found) + ")");
    const AVCodec* decoder = nullptr;
    stream = av_find_best_stream(format, AVMEDIA_TYPE_VIDEO, -1, -1, &decoder, 0);
    if (stream < 0 || !decoder) refuse("it has no pictures that can be decoded");
    codec = avcodec_alloc_context3(decoder);
    if (!codec || avcodec_parameters_to_context(codec, format->streams[stream]->codecpar) < 0) refuse("its pictures cannot be decoded");
    codec->max_pixels = most_pixels;
    codec->thread_count = 2;
    codec->pkt_timebase = format->streams[stream]->time_base;
    if (const int started = avcodec_open2(codec, decoder, nullptr); started < 0) refuse("its pictures cannot be decoded (" + text_of(started) + ")");
    for (unsigned i = 0; i < format->nb_streams; ++i) {
      if (static_cast<int>(i) != stream) format->streams[i]->discard = AVDISCARD_ALL;
    }
    if (const auto* matrix = reinterpret_cast<const std::int32_t*>(av_stream_get_side_data(format->streams[stream], AV_PKT_DATA_DISPLAYMATRIX, nullptr))) {
      const double degrees = -av_display_rotation_get(matrix);  // clockwise
      if (std::isfinite(degrees)) quarter_turns = (static_cast<int>(std::lround(degrees / 90.0)) % 4 + 4) % 4;
    }
  }

  // Decodes one frame into `frame`; false at the end.
  bool decode() {
    for (;;) {
      const int got = avcodec_receive_frame(codec, frame);
      if (got == 0 && (frame->flags & AV_FRAME_FLAG_CORRUPT || frame->decode_error_flags != 0)) {
        ++damaged;
        av_frame_unref(frame);
        continue;
      }
      if (got == 0) return true;
      if (got == AVERROR_EOF) return false;
      if (got != AVERROR(EAGAIN)) refuse("it is damaged (" + text_of(got) + ")");
      const int read = av_read_frame(format, packet);
      if (read == AVERROR_EOF) {
        if (std::exchange(draining, true)) return false;
        avcodec_send_packet(codec, nullptr);
        continue;
      }
      if (read < 0) refuse("it is damaged (" + text_of(read) + ")");
      const int sent = packet->stream_index == stream ? avcodec_send_packet(codec, packet) : 0;
      av_packet_unref(packet);
      if (sent == AVERROR_INVALIDDATA) ++damaged;  // the frames that suffer from it are marked by the decoder
      else if (sent < 0) refuse("it is damaged (" + text_of(sent) + ")");
    }
  }

  data::Pixels converted() {
    int width = frame->width;
    const int height = frame->height;
    const AVRational shape = av_guess_sample_aspect_ratio(format, format->streams[stream], frame);
    if (shape.num > 0 && shape.den > 0 && shape.num != shape.den) width = std::clamp(static_cast<int>(std::lround(static_cast<double>(width) * shape.num / shape.den)), 1, 4 * width);
    const AVPixFmtDescriptor* description = av_pix_fmt_desc_get(static_cast<AVPixelFormat>(frame->format));
    const bool transparent = description && (description->flags & AV_PIX_FMT_FLAG_ALPHA);
    scaler = sws_getCachedContext(scaler, frame->width, height, static_cast<AVPixelFormat>(frame->format), width, height, transparent ? AV_PIX_FMT_RGBA : AV_PIX_FMT_RGB24, SWS_BICUBIC | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT, nullptr, nullptr, nullptr);
    if (!scaler) refuse("its colours cannot be converted");
    // ITU-R BT.709 for high definition and BT.601 below, unless the film says otherwise.
    const int space = frame->colorspace == AVCOL_SPC_UNSPECIFIED || frame->colorspace == AVCOL_SPC_RGB ? (height >= 720 ? SWS_CS_ITU709 : SWS_CS_ITU601) : static_cast<int>(frame->colorspace);
    sws_setColorspaceDetails(scaler, sws_getCoefficients(space), frame->color_range == AVCOL_RANGE_JPEG, sws_getCoefficients(SWS_CS_ITU709), 1, 0, 1 << 16, 1 << 16);
    data::Pixels out(width, height, 3);
    // libswscale writes whole vectors, past the end of a row.
    const int padded = (width * (transparent ? 4 : 3) + 63) / 64 * 64 + 64;
    std::vector<std::uint8_t> rows(static_cast<std::size_t>(padded) * (height + 1));
    std::uint8_t* planes[4] = {rows.data()};
    const int strides[4] = {padded};
    if (sws_scale(scaler, frame->data, frame->linesize, 0, height, planes, strides) != height) refuse("its colours cannot be converted");
    for (int y = 0; y < height; ++y) {
      const std::uint8_t* from = rows.data() + static_cast<std::size_t>(padded) * y;
      std::uint8_t* to = out.row(y);
      if (!transparent) {
        std::copy_n(from, width * 3, to);
        continue;
      }
      for (int x = 0; x < width; ++x, from += 4, to += 3) {
        for (int c = 0; c < 3; ++c) to[c] = static_cast<std::uint8_t>((from[c] * from[3] + 255 * (255 - from[3]) + 127) / 255);
      }
    }
    return turned(out, quarter_turns);
  }
};

FilmReader::FilmReader(int descriptor) : impl_(std::make_unique<Impl>()) { impl_->open(descriptor); }
FilmReader::~FilmReader() = default;

std::int64_t FilmReader::damaged() const { return impl_->damaged; }
double FilmReader::duration_s() const { return impl_->format->duration > 0 ? static_cast<double>(impl_->format->duration) / AV_TIME_BASE : 0.0; }

std::optional<FilmReader::Frame> FilmReader::next(double step_s) {
  while (impl_->decode()) {
    const auto stamp = impl_->frame->best_effort_timestamp;
    double time_s = stamp == AV_NOPTS_VALUE ? std::max(0.0, impl_->next_s) : static_cast<double>(stamp) * av_q2d(impl_->format->streams[impl_->stream]->time_base);
    if (time_s + 1e-6 >= impl_->next_s) {
      // On a grid of whole steps, so that rounding does not add up.
      impl_->next_s = step_s > 0 ? (std::floor(time_s / step_s + 1e-6) + 1) * step_s : -1e300;
      Frame out{impl_->converted(), time_s};
      av_frame_unref(impl_->frame);
      return out;
    }
    av_frame_unref(impl_->frame);
  }
  return std::nullopt;
}

}  // namespace orrery::media
