// The film strip: every step of the view's tape as a small picture, one line per row (xₜ, x₀, ...). Only what is in sight is drawn and fetched, so a
// tape may be as long as it likes. Press, drag, wheel and arrow keys move the play head.
#pragma once

#include <QAbstractScrollArea>
#include <QElapsedTimer>
#include <QTimer>
#include <optional>
#include <vector>

#include "ui/tape/tape_desk.h"

namespace orrery::ui {

class FilmStrip : public QAbstractScrollArea {
  Q_OBJECT

 public:
  explicit FilmStrip(TapeDesk& desk, Session& session, QWidget* parent = nullptr);

  const std::vector<TapeRow>& rows() const { return rows_; }
  QRect cellRect(int step, int row) const;  // in the viewport
  QSize sizeHint() const override { return {320, 132}; }
  QSize minimumSizeHint() const override { return {120, 64}; }

 Q_SIGNALS:
  void menuWanted(const QPoint& global);

 protected:
  void paintEvent(QPaintEvent* event) override;
  void resizeEvent(QResizeEvent* event) override;
  void mousePressEvent(QMouseEvent* event) override;
  void mouseMoveEvent(QMouseEvent* event) override;
  void mouseReleaseEvent(QMouseEvent* event) override;
  void wheelEvent(QWheelEvent* event) override;
  void keyPressEvent(QKeyEvent* event) override;
  void contextMenuEvent(QContextMenuEvent* event) override;
  void focusInEvent(QFocusEvent* event) override;
  void focusOutEvent(QFocusEvent* event) override;
  bool viewportEvent(QEvent* event) override;

 private:
  void follow();      // another tape, or more steps
  void followHead();
  void followRows();
  void layOut();
  void fetch();
  void scrubTo(const QPoint& at);
  int stepAt(int x) const;
  int columns() const { return desk_.steps() + 1; }
  double cellWidth() const;
  double pitch() const { return cellWidth() + kGap; }
  int rowHeight() const;
  QImage pictureOf(const TapeInfo& tape, int step, TapeRow row) const;
  void paintCell(QPainter& painter, const TapeInfo& tape, int step, int row);
  void paintNumbers(QPainter& painter, const TapeInfo& tape, int first, int last);
  void paintHead(QPainter& painter);

  static constexpr int kGutter = 26;   // the rows' signs
  static constexpr int kNumbers = 18;  // under the pictures
  static constexpr int kGap = 2;

  TapeDesk& desk_;
  Session& session_;
  std::vector<TapeRow> rows_;
  TapeId tape_ = 0, previous_ = 0;
  std::optional<int> dragged_row_;
  int drag_x_ = 0;
  double wheel_ = 0.0;
  QTimer fetch_;
  QElapsedTimer moved_;
  QTimer edge_;
};

}  // namespace orrery::ui
