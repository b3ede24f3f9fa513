#include "engine/media/producer.h"

#include <cmath>
#include <new>

#include "engine/api/result.h"
#include "engine/data/names.h"
#include "engine/data/png_codec.h"
#include "engine/media/file_type.h"
#include "engine/media/film_reader.h"
#include "engine/media/font.h"
#include "engine/media/glyphs.h"
#include "engine/media/picture.h"

namespace orrery::media {
namespace {

const PictureLimits limits;

// "film.mp4 at 1.50 s"
std::string at_time(const std::string& name, double time_s) {
  const auto hundredths = static_cast<long long>(std::llround(time_s * 100));
  const std::string rest = std::to_string(hundredths % 100);
  return name + " at " + std::to_string(hundredths / 100) + "." + (rest.size() < 2 ? "0" : "") + rest + " s";
}

std::string_view view(const data::Pixels& pixels) { return {reinterpret_cast<const char*>(pixels.bytes.data()), pixels.bytes.size()}; }

// Runs `make`, turning what it throws into the reason.
template <class Make> Outcome guarded(Outcome about, Make make) {
  try {
    make(about);
  } catch (const Error& error) {
    about.error = error.what();
  } catch (const std::bad_alloc&) {
    about.error = "there was not enough memory for it";
  } catch (const std::exception& error) {
    about.error = std::string("it could not be read (") + data::readable_name(error.what()) + ")";
  }
  return about;
}

bool push_refused(ImportPipeline& pipeline, Outcome about, const std::string& reason) {
  about.error = reason;
  return pipeline.push([about = std::move(about)] { return about; });
}

}  // namespace

std::string Producer::class_of(const Source& source, const Item& item, const std::string& path) const {
  if (options_.classes == ClassSource::none) return {};
  if (const auto found = source.metadata.classes.find(path); found != source.metadata.classes.end()) return found->second;
  return options_.classes == ClassSource::folders && source.metadata.classes.empty() && !source.classes.empty() ? source.classes[item.folder] : std::string{};
}

Outcome Producer::outcome(const Source& source, const Item& item) const {
  const std::string path = source.listing.path(item);
  Outcome out;
  out.shown = source.shown + data::readable_name(path);
  out.class_name = class_of(source, item, path);
  if (const auto found = source.metadata.captions.find(path); found != source.metadata.captions.end()) out.caption = found->second;
  return out;
}

Outcome Producer::decoded(const Source& source, const Item& item, std::string_view bytes) const {
  return guarded(outcome(source, item), [&](Outcome& out) {
    Picture picture = decode_picture(bytes, item.name, options_.size_px, options_.fit, limits);
    out.hash = data::content_hash(bytes);
    out.notes = std::move(picture.notes);
    out.png = data::encode_png_uncompressed(picture.pixels);
    const auto text = source.metadata.sidecars.find(source.listing.path(item));
    if (text == source.metadata.sidecars.end() || !out.caption.empty()) return;
    try {
      out.caption = caption_of(source.container->read(source.listing, text->second, 64 << 10));
    } catch (const Error& error) {
      out.notes.push_back(std::string("its caption could not be read: ") + error.what());
    }
  });
}

void Producer::run(ImportPipeline& pipeline) {
  for (const auto& one : list_.sources) {
    if (!source(*one, pipeline)) return;
  }
}

bool Producer::source(const Source& source, ImportPipeline& pipeline) {
  if (!source.container->is_stream()) {
    for (const auto& one : source.listing.items) {
      if (!item(source, one, pipeline)) return false;
    }
    return true;
  }
  bool more = true;
  source.container->stream(source.listing, limits.file_bytes, [&](const Item& item, std::string bytes, const std::string& error) {
    const FileType type = type_of_extension(data::extension_of(item.name));
    Outcome about = outcome(source, item);
    if (!error.empty()) return more = push_refused(pipeline, std::move(about), error);
    if (type == FileType::film) return more = push_refused(pipeline, std::move(about), "a film inside an archive is not read; unpack it first");
    if (type == FileType::other) return more = push_refused(pipeline, std::move(about), "it is not a picture");
    if (type == FileType::font) return more = font(std::move(about), std::move(bytes), pipeline);
    const std::uint64_t size = bytes.size();
    return more = pipeline.push([this, &source, &item, bytes = std::move(bytes)] { return decoded(source, item, bytes); }, size);
  });
  return more;
}

bool Producer::item(const Source& source, const Item& item, ImportPipeline& pipeline) {
  FileType type = type_of_extension(data::extension_of(item.name));
  if (type == FileType::other) return push_refused(pipeline, outcome(source, item), "it is not a picture");
  // A GIF that was named by itself is meant as a film; among others it is a picture.
  const bool alone = source.listing.items.size() == 1 && source.listing.folders.size() == 1;
  if (type == FileType::film || (type == FileType::gif && alone)) return film(source, item, pipeline);
  if (type == FileType::font) {
    std::string bytes;
    const Outcome about = guarded(outcome(source, item), [&](Outcome&) { bytes = source.container->read(source.listing, item, limits.file_bytes); });
    if (!about.error.empty()) return push_refused(pipeline, about, about.error);
    return font(about, std::move(bytes), pipeline);
  }
  return pipeline.push([this, &source, &item] {
    std::string bytes;
    Outcome about = guarded(Outcome{}, [&](Outcome&) { bytes = source.container->read(source.listing, item, limits.file_bytes); });
    if (about.error.empty()) return decoded(source, item, bytes);
    Outcome out = outcome(source, item);
    out.error = about.error;
    return out;
  });
}

bool Producer::film(const Source& source, const Item& item, ImportPipeline& pipeline) {
  const Outcome about = outcome(source, item);
  std::int64_t frames = 0;
  bool more = true;
  const auto read = [&](Outcome&) {
    const Descriptor file = source.container->open(source.listing, item);
    if (!file) throw Error(ErrorCode::bad_input, "a film inside an archive is not read; unpack it first");
    FilmReader reader(file.get());
    const std::int64_t guess = std::max<std::int64_t>(1, std::llround(std::min(reader.duration_s(), 1e6) * options_.film_frames_per_s));
    expected_ += guess - 1;
    while (more) {
      auto frame = reader.next(1.0 / options_.film_frames_per_s);
      if (!frame) break;
      if (++frames > guess) ++expected_;
      Outcome taken = about;
      taken.shown = at_time(about.shown, frame->time_s);
      const std::uint64_t size = frame->pixels.bytes.size();
      more = pipeline.push([this, taken = std::move(taken), pixels = std::move(frame->pixels)] {
        return guarded(taken, [&](Outcome& out) {
          const data::Pixels fitted = fit_pixels(pixels, options_.size_px, options_.fit);
          out.hash = data::content_hash(view(fitted), 1);
          out.png = data::encode_png_uncompressed(fitted);
        });
      }, size);
    }
    expected_ += std::min<std::int64_t>(0, std::max<std::int64_t>(frames, 1) - guess);
    if (more && reader.damaged() > 0 && frames > 0) {
      Outcome note{.shown = about.shown, .notes = {std::to_string(reader.damaged()) + " damaged places passed over"}, .only_notes = true};
      more = pipeline.push([note = std::move(note)] { return note; });
    }
    if (more && frames == 0) throw Error(ErrorCode::bad_input, reader.damaged() > 0 ? "its pictures are damaged" : "it has no pictures");
  };
  const Outcome end = guarded(about, read);
  if (end.error.empty() || !more) return more;
  if (frames > 0) ++expected_;
  return push_refused(pipeline, end, end.error);
}

bool Producer::font(Outcome about, std::string bytes, ImportPipeline& pipeline) {
  bool more = true;
  std::int64_t characters = 0;
  const Outcome end = guarded(about, [&](Outcome&) {
    int faces = 1;
    for (int face = 0; face < faces && more; ++face) {
      const Font font(bytes, face);
      faces = std::min(font.face_count(), 64);
      const std::string name = describe_face(font).name;
      draw_glyphs(font, options_.size_px, [&](char c, data::Pixels pixels) {
        if (characters++ > 0) ++expected_;
        Outcome taken = about;
        taken.shown = about.shown + ": " + c + (faces > 1 ? " of " + name : "");
        taken.caption = std::string(1, c) + ", " + name;
        if (options_.classes != ClassSource::none) taken.class_name = std::string(1, c);
        if (pixels.bytes.empty()) return more = push_refused(pipeline, std::move(taken), "the font has no ink for it");
        return more = pipeline.push([taken = std::move(taken), pixels = std::move(pixels)] {
          Outcome out = taken;
          // O and 0 may look the same and are still two characters.
          out.hash = data::content_hash(view(pixels), 2 + static_cast<std::uint64_t>(out.class_name.empty() ? 0 : out.class_name[0]));
          out.png = data::encode_png_uncompressed(pixels);
          return out;
        });
      });
    }
    if (more && characters == 0) throw Error(ErrorCode::bad_input, "it has no letters or digits");
  });
  if (end.error.empty() || !more) return more;
  if (characters > 0) ++expected_;
  return push_refused(pipeline, end, end.error);
}

}  // namespace orrery::media
