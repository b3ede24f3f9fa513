#include "ui/export/export_choices.h"

#include <QFile>
#include <QFileInfo>
#include <QStringList>

namespace orrery::ui {

JobSpec exportJob(const ExportChoices& choices, const Request& request, const Timeline& path) {
  const std::string out = QFile::encodeName(choices.out).toStdString();
  switch (choices.what) {
    case ExportWhat::picture: {
      PictureExport picture;
      picture.request = request;
      picture.size_px = choices.size_px;
      picture.out = out;
      picture.with_recipe = choices.with_recipe;
      return PictureJob{picture};
    }
    case ExportWhat::grid: {
      PictureExport grid;
      grid.request = request;
      for (int i = 0; i < choices.columns * choices.rows; ++i) grid.seeds.push_back(choices.first_seed + i);
      grid.columns = choices.columns;
      grid.size_px = choices.size_px;
      grid.out = out;
      grid.with_recipe = choices.with_recipe;
      return PictureJob{grid};
    }
    case ExportWhat::film: {
      FilmExport film;
      film.timeline = path;
      film.timeline.frames_per_s = choices.frames_per_s;
      film.size_px = choices.size_px;
      film.quality = choices.quality;
      film.out = out;
      return FilmJob{film};
    }
    case ExportWhat::tape: {
      if (choices.tape_format == TapeFormat::strip) {
        StripExport strip;
        strip.rows = choices.tape_rows;
        strip.columns = choices.steps;
        strip.size_px = choices.size_px;
        strip.out = out;
        return StripJob{choices.tape, request, strip};
      }
      TapeFilmExport film;
      film.rows = choices.tape_rows;
      film.seconds = choices.seconds;
      film.frames_per_s = choices.frames_per_s;
      film.size_px = choices.size_px;
      film.quality = choices.quality;
      film.out = out;
      return TapeFilmJob{choices.tape, request, film};
    }
    case ExportWhat::model: break;
  }
  return ModelJob{{request.model, out}};
}

QString suffixOf(const ExportChoices& choices) {
  switch (choices.what) {
    case ExportWhat::picture:
    case ExportWhat::grid: return QStringLiteral(".png");
    case ExportWhat::film: return suffixOf(choices.format);
    case ExportWhat::tape:
      switch (choices.tape_format) {
        case TapeFormat::strip: return QStringLiteral(".png");
        case TapeFormat::mp4: return suffixOf(FilmFormat::mp4);
        case TapeFormat::webm: return suffixOf(FilmFormat::webm);
        case TapeFormat::gif: return suffixOf(FilmFormat::gif);
      }
      break;
    case ExportWhat::model: break;
  }
  return QStringLiteral(".safetensors");
}

QString withSuffix(const QString& path, const QString& suffix) {
  static const QStringList kOurs{QStringLiteral("png"), QStringLiteral("mp4"), QStringLiteral("webm"), QStringLiteral("gif"), QStringLiteral("safetensors")};
  const QString now = QFileInfo(path).suffix();
  // Only endings of ours are taken off: a dot within a name is the person's.
  const QString stem = kOurs.contains(now.toLower()) ? path.chopped(now.size() + 1) : path;
  return stem + suffix;
}

}  // namespace orrery::ui
