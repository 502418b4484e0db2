use super::*;
use crate::app::command::ViewCommand;
use crate::app::drr_stage::DrrCommand;
use crate::app::job::no_waker;
use crate::app::settings::Folders;
use crate::geometry::Degrees;
use crate::volume::synthetic::ct_cylinder;

const TURN: DrrCommand = DrrCommand::Turn {
    primary: Degrees(5.0),
    secondary: Degrees(0.0),
};

/// A state whose C-arm has taken a picture, which is shown; nothing can project another.
fn with_picture() -> (tempfile::TempDir, AppState) {
    let folder = tempfile::tempdir().unwrap();
    let mut state = AppState::new(Folders::under(folder.path()), no_waker());
    state.apply(TURN);
    let id = state.shown_viewports()[0];
    state.apply(ViewCommand::Kind(id, ViewKind::Drr));
    state.drr.pictures.model = Some((state.drr.model, state.settings.back_end));
    show(&mut state);
    (folder, state)
}

fn show(state: &mut AppState) {
    let wanted = Wanted {
        pose: state.drr_pose(),
        receptor: state.drr.receptor(),
        model: state.drr.model,
        structures: Vec::new(),
    };
    let picture = DrrPicture {
        pose: wanted.pose,
        beam: wanted.pose.beam().unwrap(),
        receptor: wanted.receptor,
        model: wanted.model,
        integrals: Arc::default(),
        shadows: Vec::new(),
        full: true,
    };
    state.drr.pictures.shown = Some((wanted, Arc::new(picture)));
}

#[test]
fn an_old_picture_goes_where_no_other_follows_it() {
    let (_folder, mut state) = with_picture();
    state.poll_drr();
    assert!(state.drr.picture().is_some(), "it is of the C-arm as it is");
    // The projector went with the last view of this kind.
    state.apply(TURN);
    state.poll_drr();
    assert!(state.drr.picture().is_none());
    // Nor does one stay under other keV for which there is no memory.
    show(&mut state);
    state.poll_drr();
    assert!(state.drr.picture().is_some());
    state.drr.pictures.failed = Some("no memory".to_owned());
    state.poll_drr();
    assert!(state.drr.picture().is_none());
}

#[test]
fn a_driver_that_does_not_draw_leaves_the_pictures_to_the_processor() {
    let Ok(context) = RenderContext::offscreen() else {
        println!("SKIPPED: no graphics adapter");
        return;
    };
    let (_folder, mut state) = with_picture();
    let model = AttenuationModel::default();
    let volume = ct_cylinder(60.0, 0.0);
    let mut projector = Projector::of(&volume, model, BackEnd::Cpu).unwrap();
    let texture = DrrTexture::new(&context.device, &context.queue, &projector.full).unwrap();
    // A picture larger than any that the driver draws.
    let columns = 1 + context.device.limits().max_texture_dimension_2d as usize;
    projector.gpu = Some(Gpu {
        pass: DrrPass::new(&context.device).unwrap(),
        context,
        texture,
    });
    state.drr.pictures.projector = Some(Arc::new(projector));
    let wanted = Wanted {
        pose: state.drr_pose(),
        receptor: Receptor::centered([columns, 1], 300.0 / columns as f64),
        model,
        structures: Vec::new(),
    };
    let pictures = &mut state.drr.pictures;
    pictures.shown = None;
    pictures.take(wanted, &no_waker());
    while pictures.taking.is_some() {
        pictures.hear();
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    let (_, picture) = pictures.shown.as_ref().unwrap();
    assert!(picture.full && pictures.failed.is_none());
    assert!(picture.integrals.iter().any(|value| *value > 1.0));
    let projector = pictures.projector.as_ref().unwrap();
    assert!(projector.gpu.is_none(), "it is not asked again");
}

#[test]
fn a_picture_of_where_the_c_arm_stood_before_is_not_saved() {
    let (_folder, mut state) = with_picture();
    assert_eq!(state.drr_save_waits_for(), None);
    state.apply(TURN);
    let why = state.drr_save_waits_for();
    assert!(
        why.is_some_and(|why| why.contains("as it stands")),
        "{why:?}"
    );
    state.apply(DrrCommand::Turn {
        primary: Degrees(-5.0),
        secondary: Degrees(0.0),
    });
    assert_eq!(state.drr_save_waits_for(), None);
    state.apply(DrrCommand::Field(200.0));
    assert!(state.drr_save_waits_for().is_some());
}
