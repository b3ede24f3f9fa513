#include "engine/media/film_writer.h"

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavformat/avformat.h>
#include <libavutil/imgutils.h>
#include <libavutil/opt.h>
#include <libswscale/swscale.h>
}

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <filesystem>
#include <utility>
#include <vector>

#include "engine/api/result.h"
#include "engine/media/film_container.h"
#include "engine/media/gif_palette.h"

namespace orrery::media {
namespace {

constexpr AVRational kGifClock{1, 100};
constexpr int kThreads = 4;  // fixed: x264's output depends on it, and a film should come out the same everywhere

[[noreturn]] void wrong(const std::string& why, const std::string& what_to_do) {
  throw Error(ErrorCode::wrong_use, why, "No film was begun.", what_to_do);
}

const char* codec_of(FilmFormat format) {
  switch (format) {
    case FilmFormat::mp4: return "libx264";
    case FilmFormat::webm: return "libvpx-vp9";
    case FilmFormat::gif: return "gif";
  }
  return "";
}

// Options that nobody takes are mistakes of ours: an encoder would silently go without.
void refuse_left_over(AVDictionary** options, const std::string& whose) {
  if (const AVDictionaryEntry* left = av_dict_get(*options, "", nullptr, AV_DICT_IGNORE_SUFFIX)) {
    const std::string name = left->key;
    av_dict_free(options);
    throw Error(ErrorCode::failed, "This machine's FFmpeg does not know the option " + name + " of " + whose + ".", "No film was begun.", "Install Debian 12's FFmpeg libraries.");
  }
  av_dict_free(options);
}

void mark_colours(AVCodecContext* codec) {
  codec->color_range = AVCOL_RANGE_MPEG;
  codec->color_primaries = AVCOL_PRI_BT709;
  codec->color_trc = AVCOL_TRC_BT709;
  codec->colorspace = AVCOL_SPC_BT709;
  codec->chroma_sample_location = AVCHROMA_LOC_LEFT;
}

void mark_colours(AVFrame* frame) {
  frame->color_range = AVCOL_RANGE_MPEG;
  frame->color_primaries = AVCOL_PRI_BT709;
  frame->color_trc = AVCOL_TRC_BT709;
  frame->colorspace = AVCOL_SPC_BT709;
  frame->chroma_location = AVCHROMA_LOC_LEFT;
}

}  // namespace

struct FilmWriter::Impl {
  FilmOptions options;
  FilmFormat format = FilmFormat::mp4;
  std::string part;
  AVFormatContext* container = nullptr;
  AVCodecContext* codec = nullptr;
  AVStream* stream = nullptr;
  SwsContext* scaler = nullptr;
  AVFrame* frame = nullptr;
  AVPacket* packet = nullptr;
  std::int64_t frames = 0;
  bool begun = false;   // the file has its header,
  bool ended = false;   // and its end
  GifPalette palette;
  std::vector<std::uint8_t> rgb;  // of one frame, laid on white

  ~Impl() {
    close_file();
    av_packet_free(&packet);
    av_frame_free(&frame);
    sws_freeContext(scaler);
    avcodec_free_context(&codec);
  }

  std::string safe() const { return "The frames so far are in " + part + "."; }
  void check(int result, const std::string& what) const {
    if (result < 0) refuse_film(what, result, begun ? safe() : "No film was begun.");
  }

  void check_options() {
    const auto known = film_format(options.out);
    if (!known) wrong(options.out + " is not the name of a film.", "Choose a name that ends in .mp4, .webm or .gif.");
    format = *known;
    const bool even = options.width_px % 2 == 0 && options.height_px % 2 == 0;
    if (options.width_px < 1 || options.height_px < 1 || options.width_px > 16384 || options.height_px > 16384) wrong("A film cannot have that size.", "Choose between 2 and 16384 pixels.");
    if (format != FilmFormat::gif && !even) wrong("A film needs an even width and height.", "Choose another size.");
    if (!(options.frames_per_s > 0.0 && options.frames_per_s <= 240.0)) wrong("A film cannot have that many frames per second.", "Choose between 1 and 240.");
    if (format == FilmFormat::gif && options.frames_per_s > 50.0) wrong("A GIF shows at most 50 frames per second.", "Choose fewer, or another format.");
    if (options.quality < 0 || options.quality > 51) wrong("The quality of a film lies between 0 and 51.", "Choose 18 if in doubt.");
  }

  void open() {
    check_options();
    quiet_ffmpeg();
    part = options.out + ".part";
    const AVCodec* encoder = avcodec_find_encoder_by_name(codec_of(format));
    if (!encoder) {
      throw Error(ErrorCode::failed, "This machine's FFmpeg has no encoder " + std::string(codec_of(format)) + ".", "No film was begun.",
                  "Choose another format, or install Debian's FFmpeg libraries.");
    }
    const char* muxer = format == FilmFormat::mp4 ? "mp4" : format == FilmFormat::webm ? "webm" : "gif";
    check(avformat_alloc_output_context2(&container, nullptr, muxer, part.c_str()), "There is no writer for such films.");
    container->flags |= AVFMT_FLAG_BITEXACT | AVFMT_FLAG_FLUSH_PACKETS;
    open_codec(encoder);
    stream = avformat_new_stream(container, nullptr);
    check(stream ? avcodec_parameters_from_context(stream->codecpar, codec) : AVERROR(ENOMEM), "The film could not be begun.");
    stream->time_base = codec->time_base;
    stream->avg_frame_rate = codec->framerate;
    if (!options.comment.empty()) av_dict_set(&container->metadata, "comment", options.comment.c_str(), 0);
    begin_file();
    frame = av_frame_alloc();
    packet = av_packet_alloc();
    frame->width = options.width_px;
    frame->height = options.height_px;
    frame->format = codec->pix_fmt;
    check(av_frame_get_buffer(frame, 0), "There is not enough memory for the film.");
    if (format != FilmFormat::gif) open_scaler();
  }

  void open_codec(const AVCodec* encoder) {
    codec = avcodec_alloc_context3(encoder);
    codec->width = options.width_px;
    codec->height = options.height_px;
    codec->framerate = av_d2q(options.frames_per_s, 100000);
    codec->time_base = format == FilmFormat::gif ? kGifClock : av_inv_q(codec->framerate);
    codec->sample_aspect_ratio = {1, 1};
    codec->pix_fmt = format == FilmFormat::gif ? AV_PIX_FMT_PAL8 : AV_PIX_FMT_YUV420P;
    if (format != FilmFormat::gif) mark_colours(codec);
    if (container->oformat->flags & AVFMT_GLOBALHEADER) codec->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
    codec->flags |= AV_CODEC_FLAG_BITEXACT;
    codec->thread_count = kThreads;
    codec->gop_size = std::max(1, static_cast<int>(std::lround(2.0 * options.frames_per_s)));  // a player can jump to every second one
    AVDictionary* settings = nullptr;
    if (format == FilmFormat::mp4) {
      av_dict_set(&settings, "preset", "veryfast", 0);
      // x264's macroblock tree reads beyond its rows where a width is no multiple of 256, so that the same frames give other bytes
      // from run to run; a film must be able to prove itself.
      av_dict_set_int(&settings, "mbtree", 0, 0);
      av_dict_set_int(&settings, "crf", options.quality, 0);
    } else if (format == FilmFormat::webm) {
      // VP9's scale is 0 to 63; at 11 more than x264's number the two look alike.
      av_dict_set_int(&settings, "crf", std::min(63, options.quality + 11), 0);
      av_dict_set(&settings, "deadline", "good", 0);
      av_dict_set_int(&settings, "cpu-used", 5, 0);
      av_dict_set_int(&settings, "row-mt", 1, 0);
    }
    const int opened = avcodec_open2(codec, encoder, &settings);
    if (opened < 0) av_dict_free(&settings);
    check(opened, "The encoder refused this film.");
    refuse_left_over(&settings, encoder->name);
  }

  void begin_file() {
    int opened = 0;
    do opened = avio_open(&container->pb, part.c_str(), AVIO_FLAG_WRITE);
    while (opened == AVERROR(EINTR));
    if (opened < 0) refuse_film(part + " cannot be written.", opened, "No film was begun.");
    AVDictionary* settings = nullptr;
    if (format == FilmFormat::mp4) {
      // Fragments: what is on the disk can be read even when the rest never comes.
      av_dict_set(&settings, "movflags", "+empty_moov+default_base_moof", 0);
      av_dict_set_int(&settings, "frag_duration", 200000, 0);
    } else if (format == FilmFormat::webm) {
      av_dict_set_int(&settings, "cluster_time_limit", 500, 0);
    } else {
      av_dict_set_int(&settings, "loop", 0, 0);
    }
    const int result = avformat_write_header(container, &settings);
    if (result < 0) av_dict_free(&settings);
    check(result, part + " cannot be written.");
    refuse_left_over(&settings, container->oformat->name);
    begun = true;
  }

  void open_scaler() {
    scaler = sws_getContext(options.width_px, options.height_px, AV_PIX_FMT_RGB24, options.width_px, options.height_px, codec->pix_fmt,
                            SWS_BICUBIC | SWS_ACCURATE_RND | SWS_FULL_CHR_H_INT, nullptr, nullptr, nullptr);
    if (!scaler) check(AVERROR(ENOMEM), "The film could not be begun.");
    const int* bt709 = sws_getCoefficients(SWS_CS_ITU709);
    check(sws_setColorspaceDetails(scaler, bt709, 1, bt709, 0, 0, 1 << 16, 1 << 16), "The film's colours could not be set.");
  }

  void lay_on_white(const std::uint8_t* rgba, std::size_t stride) {
    rgb.resize(static_cast<std::size_t>(options.width_px) * static_cast<std::size_t>(options.height_px) * 3);
    std::uint8_t* out = rgb.data();
    for (int y = 0; y < options.height_px; ++y) {
      const std::uint8_t* in = rgba + static_cast<std::size_t>(y) * stride;
      for (int x = 0; x < options.width_px; ++x, in += 4, out += 3) {
        const int alpha = in[3];
        for (int c = 0; c < 3; ++c) out[c] = alpha == 255 ? in[c] : static_cast<std::uint8_t>((in[c] * alpha + 255 * (255 - alpha) + 127) / 255);
      }
    }
  }

  void fill_frame() {
    if (format == FilmFormat::gif) {
      palette.adapt(rgb.data(), options.width_px, options.height_px);
      palette.draw(rgb.data(), options.width_px, options.height_px, frame->data[0], frame->linesize[0]);
      std::copy(palette.colours().begin(), palette.colours().end(), reinterpret_cast<std::uint32_t*>(frame->data[1]));
    } else {
      const std::uint8_t* planes[1] = {rgb.data()};
      const int strides[1] = {options.width_px * 3};
      sws_scale(scaler, planes, strides, 0, options.height_px, frame->data, frame->linesize);
      mark_colours(frame);
    }
    frame->pts = tick(frames);
    frame->pkt_duration = tick(frames + 1) - frame->pts;
  }

  std::int64_t tick(std::int64_t index) const {
    return format == FilmFormat::gif ? std::llround(static_cast<double>(index) * 100.0 / options.frames_per_s) : index;
  }

  // Hands a frame (or the end) to the encoder and whatever comes out of it to the file.
  void encode(const AVFrame* picture) {
    check(avcodec_send_frame(codec, picture), "A frame could not be encoded.");
    for (;;) {
      const int got = avcodec_receive_packet(codec, packet);
      if (got == AVERROR(EAGAIN) || got == AVERROR_EOF) return;
      check(got, "A frame could not be encoded.");
      if (packet->duration <= 0) packet->duration = format == FilmFormat::gif ? std::max<std::int64_t>(1, std::llround(100.0 / options.frames_per_s)) : 1;
      av_packet_rescale_ts(packet, codec->time_base, stream->time_base);
      packet->stream_index = stream->index;
      check(av_interleaved_write_frame(container, packet), options.out + " could not be written.");
      check(container->pb->error, options.out + " could not be written.");
    }
  }

  void end_file() {
    encode(nullptr);
    ended = true;
    check(av_write_trailer(container), options.out + " could not be finished.");
    avio_flush(container->pb);
    check(container->pb->error, options.out + " could not be finished.");
    const int closed = avio_closep(&container->pb);
    if (closed != AVERROR(EINTR)) check(closed, options.out + " could not be finished.");
    close_file();
  }

  // Of a film given up: what was written becomes as whole as it can be, and the GIF writer lets go of its last picture only here.
  void close_file() {
    if (!container) return;
    if (begun && !std::exchange(ended, true)) av_write_trailer(container);
    if (container->pb) avio_closep(&container->pb);
    avformat_free_context(container);
    container = nullptr;
  }
};

FilmWriter::FilmWriter(FilmOptions options) : impl_(std::make_unique<Impl>()) {
  impl_->options = std::move(options);
  try {
    impl_->open();
  } catch (...) {
    impl_->close_file();
    std::error_code none;
    if (!impl_->part.empty() && impl_->begun) std::filesystem::remove(impl_->part, none);
    throw;
  }
}

FilmWriter::~FilmWriter() = default;

void FilmWriter::add(const std::uint8_t* rgba, std::size_t stride_bytes) {
  impl_->check(av_frame_make_writable(impl_->frame), "There is not enough memory for the film.");
  impl_->lay_on_white(rgba, stride_bytes);
  impl_->fill_frame();
  impl_->encode(impl_->frame);
  ++impl_->frames;
}

void FilmWriter::finish() {
  if (impl_->frames == 0) wrong("A film needs at least one frame.", "Choose a longer path.");
  impl_->end_file();
  const auto& out = impl_->options.out;
  if (impl_->format == FilmFormat::gif) finish_gif(impl_->part, out, impl_->options.comment);
  else remux_film(impl_->part, out, impl_->format);
  std::error_code none;
  std::filesystem::remove(impl_->part, none);
}

void FilmWriter::discard() {
  impl_->close_file();
  std::error_code none;
  std::filesystem::remove(impl_->part, none);
}

std::int64_t FilmWriter::frames() const { return impl_->frames; }
const std::string& FilmWriter::part() const { return impl_->part; }

}  // namespace orrery::media
