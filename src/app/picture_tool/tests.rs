use super::*;

#[test]
fn reach_is_counted_in_screen_points() {
    // Columns 2 and rows 4 points wide.
    let pointer = PicturePointer {
        phase: Phase::Drag,
        at: [10.0, 10.0],
        points_per_pixel: [2.0, 4.0],
    };
    assert_eq!(pointer.points_to([13.0, 12.0]), 10.0);
    let line = pointer.points_to_line([0.0, 11.0], [20.0, 11.0]);
    assert!((line - 4.0).abs() < 1e-12);
    // Beyond its end the end counts.
    assert_eq!(pointer.points_to_line([13.0, 12.0], [20.0, 12.0]), 10.0);
}

#[test]
fn lines_of_every_kind() {
    let points = [[0., 0.], [1., 0.], [2., 0.], [3., 1.]];
    let count = |kind: MeasurementKind| {
        let points = points.get(..kind.points()).unwrap_or_default();
        lines(kind, points).len()
    };
    assert_eq!(count(MeasurementKind::Distance), 1);
    assert_eq!(count(MeasurementKind::Angle), 2);
    assert_eq!(count(MeasurementKind::Cobb), 2);
    assert!(lines(MeasurementKind::Cobb, &points[..1]).is_empty());
}
