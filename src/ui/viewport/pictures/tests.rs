use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::ui::gpu::tests::{can_draw, render_state};

#[test]
fn what_the_driver_refuses_while_it_draws_leaves_the_pictures_to_the_processor() {
    let Some(state) = render_state() else { return };
    let ctx = egui::Context::default();
    let asked = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&asked);
    ctx.set_request_repaint_callback(move |_| {
        counted.fetch_add(1, Ordering::Relaxed);
    });
    let mut pictures = Pictures::new(Some(&state), &ctx);
    assert_eq!(pictures.take_new_trouble(), None);
    assert!(pictures.uses_gpu(BackEnd::Gpu) && can_draw(&state));
    let before = asked.load(Ordering::Relaxed);
    for _ in 0..3 {
        pictures.gpu.as_ref().unwrap().ask_too_much();
    }
    assert_eq!(asked.load(Ordering::Relaxed), before + 1, "one new frame");
    let words = pictures.take_new_trouble().unwrap();
    assert!(
        words.contains("The processor makes the pictures"),
        "{words}"
    );
    assert_eq!(pictures.take_new_trouble(), None, "said once");
    assert!(!can_draw(&state), "all that was on the card is gone");
    for choice in [BackEnd::Auto, BackEnd::Gpu, BackEnd::Cpu] {
        assert!(!pictures.uses_gpu(choice));
        assert!(pictures.software_driver(choice).is_none());
        assert_eq!(pictures.back_end_text(choice), "graphics: processor");
    }
    pictures.end_frame();
}
