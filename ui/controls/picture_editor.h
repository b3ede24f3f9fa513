// A photo or a mask: what it shows, "Choose...", a place to drop a picture on, and for masks the brush, invert and clear.
#pragma once

#include <QImage>

#include "ui/controls/editor.h"

class QPushButton;
class QToolButton;

namespace orrery::ui {

// The picture, or what may be dropped here.
class PictureWell : public QWidget {
  Q_OBJECT

 public:
  PictureWell(const QString& empty, QWidget* parent);
  void setPicture(const QImage& picture);
  const QImage& picture() const { return picture_; }
  QSize sizeHint() const override { return {64, 64}; }

 Q_SIGNALS:
  void dropped(const QString& path);
  void clicked();

 protected:
  void paintEvent(QPaintEvent* event) override;
  void mouseReleaseEvent(QMouseEvent* event) override;
  void dragEnterEvent(QDragEnterEvent* event) override;
  void dragLeaveEvent(QDragLeaveEvent* event) override;
  void dropEvent(QDropEvent* event) override;

 private:
  QString empty_;
  QImage picture_;
  bool wanted_ = false;  // something is held over it
};

class PictureEditor : public Editor {
  Q_OBJECT

 public:
  PictureEditor(ControlKind kind, QWidget* parent);
  void setSpec(const ControlSpec& spec) override;
  void setValue(const Value& value) override;
  bool tall() const override { return true; }
  QWidget* main() override;
  void setBrush(bool on);  // a mask: it is painted on the stage
  QSize pictureSize() const { return well_->picture().size(); }

 Q_SIGNALS:
  void fileChosen(const QString& path);
  void brushWanted(bool on);

 private:
  void choose();
  void give(const QImage& mask);

  ControlKind kind_;
  PictureWell* well_;
  QPushButton* choose_;
  QToolButton* clear_;             // of a photo: none; of a mask: nothing is made anew
  QPushButton* brush_ = nullptr;   // of a mask
  QToolButton* invert_ = nullptr;
};

}  // namespace orrery::ui
