"""What may never happen, line by line, and the tests that try to make it happen. A test that is renamed, removed or
skipped is noticed here."""

import ast
import re

import pytest

from tests.conftest import ROOT

# The left column of the table in ARCHITECTURE.md, "Where each promise is kept".
TRIED = {
    "a record is lost after 201": [
        "tests/faults/test_kill.py::test_the_power_fails",
        "tests/faults/test_store_away.py::test_the_store_goes_away_and_comes_back",
        "tests/flows/test_whole.py::test_all_of_it_or_nothing",
        "tests/flows/test_idempotency.py::test_two_at_once_with_one_key_are_one_alert",
        "tests/machine/test_machine.py::test_the_ledger_keeps_its_promises",
        "tests/machine/test_storm.py::test_storm",
    ],
    "airs after its retraction": [
        "tests/machine/test_machine.py::test_the_ledger_keeps_its_promises",
        "tests/machine/test_storm.py::test_storm",
        "tests/machine/test_bites.py::test_it_ends_badly_without_the_protection",
        "tests/machine/test_bites.py::test_it_ends_well",
        "tests/machine/test_walk_bites.py::test_the_walk_finds_it",
        "tests/dispatch/test_dispatcher.py::test_a_retraction_waits_for_the_publish_under_way",
        "tests/dispatch/test_dispatcher.py::test_a_publish_that_waits_is_dropped_when_the_alert_ends",
        "tests/dispatch/test_dispatcher.py::test_the_index_stops_a_second_live_send",
        "tests/dispatch/test_send.py::test_a_send_that_could_outlive_its_lease_does_not_begin",
        "tests/dispatch/test_send.py::test_the_lease_outlives_every_deadline",
        "tests/flows/test_confirm.py::test_an_early_receipt_leaves_the_send_alive",
        "tests/flows/test_fetch.py::test_who_was_away_never_learns_of_what_is_over",
        "tests/faults/test_kill.py::test_dispatchers_are_killed",
        "tests/faults/test_kill_each_second.py::test_while_a_retraction_overtakes_it",
        "tests/dispatch/test_screens.py::test_what_an_old_copy_of_the_broker_brings_back_is_ended_again",
        "tests/dispatch/test_clouds.py::test_what_a_cloud_puts_up_after_the_end_goes_and_what_is_live_stays",
        "tests/player/test_trouble.py::test_a_database_whose_clock_is_set_back",
    ],
    "may have aired, never told": [
        "tests/machine/test_machine.py::test_the_ledger_keeps_its_promises",
        "tests/machine/test_bites.py::test_latecomers_are_found_by_the_sweep_alone",
        "tests/domain/test_routing.py::test_may_have_aired",
        "tests/flows/test_end.py::test_only_who_may_show_it_is_told",
        "tests/flows/test_confirm.py::test_a_latecomer_is_told_to_stop",
        "tests/flows/test_confirm.py::test_evidence_that_crossed_the_end_is_found_by_the_sweep",
        "tests/flows/test_move.py::test_what_may_be_up_keeps_its_address",
        "tests/flows/test_enrol.py::test_an_outlet_that_changes_while_a_notice_is_issued_can_still_be_sent_it",
        "tests/flows/test_fetch.py::test_what_another_reader_numbers_in_between_is_not_skipped",
        "tests/api/test_feed_moved.py::test_what_is_given_counts_and_what_is_not_holds_nothing_up",
        "tests/dispatch/test_faults.py::test_a_vanished_dispatcher_is_rescued",
        "tests/faults/test_kill_each_second.py::test_while_it_goes_out_and_while_it_is_taken_back",
        "tests/dispatch/test_trial.py::test_what_may_have_aired_is_taken_down",
        "tests/channels/ebd/test_cancellable.py::test_whatever_happens_it_comes_off",
        "tests/channels/ebd/test_cancellable.py::test_killed_after_every_single_step",
    ],
    "one outlet delays another": [
        "tests/dispatch/test_dispatcher.py::test_a_hanging_outlet_delays_nobody",
        "tests/dispatch/test_dispatcher.py::test_a_retraction_overtakes_whatever_waits",
        "tests/dispatch/test_dispatcher.py::test_settings_that_do_not_open_stop_nobody_else",
        "tests/dispatch/test_dispatcher.py::test_a_rendition_that_cannot_be_read_stops_nobody_else",
        "tests/dispatch/test_pace.py::test_a_robot_at_its_pace_holds_up_no_other_outlet",
        "tests/dispatch/test_pace.py::test_twenty_a_minute_of_which_two_are_for_retractions",
        "tests/dispatch/test_wire.py::test_the_deadline_is_for_the_whole_answer",
        "tests/dispatch/test_wire.py::test_a_hundred_hanging_do_not_hold_up_one",
        "tests/dispatch/test_crowd.py::test_a_partner_that_has_its_fill_holds_up_no_other",
        "tests/api/test_feed_crossing.py::test_an_import_of_outlets_keeps_no_end_from_anybody",
        "tests/api/test_feed_sending.py::test_an_end_goes_out_while_it_is_numbered",
        "tests/flows/test_play.py::test_the_end_is_given_whoever_holds_the_outlets_row",
        "tests/flows/test_play.py::test_what_cannot_be_read_is_not_taken_and_keeps_nothing_else_from_the_page",
        "tests/dispatch/test_ways.py::test_a_slow_name_does_not_hold_up_another",
        "tests/faults/test_hanging.py::test_half_of_them_hang",
    ],
    "a drill is mistaken for real": [
        "tests/domain/test_routing.py::test_may_disseminate",
        "tests/domain/test_routing.py::test_decide",
        "tests/flows/test_submit.py::test_the_number_alone_tells_what_is_real",
        "tests/flows/test_submit.py::test_who_is_told",
        "tests/flows/test_amend.py::test_case_and_status_never_change",
        "tests/flows/test_principal.py::test_who_may_issue",
        "tests/flows/test_fetch.py::test_a_test_key_is_given_no_actual_alert",
        "tests/machine/test_bites.py::test_it_ends_badly_without_the_protection",
        "tests/channels/test_contract.py::test_every_text_begins_with_its_mark_and_its_kind",
        "tests/channels/test_contract.py::test_the_wire_carries_the_mark",
        "tests/channels/ebd/test_packets.py::test_a_drill_is_never_1_and_the_real_thing_is_nothing_else",
        "tests/console/test_board.py::test_a_drill_never_looks_like_the_real_thing",
        "tests/console/test_public.py::test_a_drill_is_unmistakable",
        "tests/console/test_drills.py::test_it_never_looks_like_the_real_thing",
        "tests/flows/test_drills.py::test_who_cannot_take_part_is_named",
        "tests/flows/test_drills.py::test_all_that_opted_in_and_nobody_else_wherever_they_are",
        "tests/studio/test_drills.py::test_the_colours_and_the_watermark_are_there",
        "tests/studio/test_drills.py::test_a_coarse_panel_glows_in_another_colour",
    ],
    "a success nobody stated": [
        "tests/dispatch/test_dispatcher.py::test_a_refusal_is_final_and_no_success",
        "tests/dispatch/test_send.py::test_every_end_is_a_result",
        "tests/dispatch/test_wire.py::test_redirects_are_reported_and_not_followed",
        "tests/dispatch/test_wire.py::test_cut_or_unintelligible",
        "tests/channels/test_contract.py::test_any_2xx_takes_and_none_hides_a_refusal",
        "tests/channels/test_answer.py::test_what_somebody_else_answered_is_no_yes",
        "tests/channels/test_contract.py::test_no_answer_means_nobody_knows",
        "tests/channels/test_dingtalk_robot.py::test_only_errcode_0_is_success",
        "tests/channels/ebd/test_answers.py::test_the_answer_to_another_packet_is_no_yes",
        "tests/channels/ebd/test_evidence.py::test_a_retraction_is_proven_by_what_it_ends_and_by_nothing_less",
        "tests/flows/test_confirm.py::test_having_received_the_retraction_is_not_having_obeyed_it",
        "tests/flows/test_confirm.py::test_what_fits_nothing_is_kept",
        "tests/faults/test_hanging.py::test_half_of_them_lie",
    ],
    "a private fact leaves": [
        "tests/domain/test_notice.py::test_what_cannot_be_constructed",
        "tests/domain/test_discretion.py::test_lines_that_tell_too_much",
        "tests/domain/test_media_url.py::test_anything_changed_opens_nothing",
        "tests/api/test_privacy.py::test_no_mark_leaves",
        "tests/api/test_media.py::test_200_then_410_from_the_moment_it_ends",
        "tests/channels/test_contract.py::test_a_retraction_on_the_wire_tells_nothing_of_the_child",
        "tests/channels/test_renderers.py::test_a_retraction_of_it_leaks_nothing",
        "tests/console/test_public.py::test_after_a_retraction_nothing",
        "tests/console/test_one_alert.py::test_after_the_end_no_proof_shows_the_child",
        "tests/commands/test_actual_record.py::"
        "test_every_outlet_airs_it_takes_it_down_and_nothing_of_the_child_is_left",
        "tests/studio/test_ended.py::test_its_bytes_know_nothing_of_the_child",
        "tests/flows/test_end.py::test_the_public_is_not_told_why",
        "tests/flows/test_secrecy.py::test_what_lies_in_the_ledger_in_the_clear",
        "tests/flows/test_propose.py::test_it_is_sealed_while_it_waits_and_erased_when_it_does_not",
        "tests/console/test_proposal.py::test_every_look_is_written_down_and_a_link_opens_nothing",
        "tests/law/test_arrows.py::test_the_import_arrows_hold",
    ],
    "a silent failure": [
        "tests/api/test_away.py::test_ready_tells_the_age_of_what_waits",
        "tests/console/test_board.py::test_what_needs_a_person_is_on_top",
        "tests/console/test_board.py::test_the_oldest_undelivered_is_named_with_its_age",
        "tests/console/test_board.py::test_a_receipt_that_fits_nothing_is_shown",
        "tests/dispatch/test_dispatcher.py::test_a_carrier_that_crashes_is_recorded_and_tried_again",
        "tests/dispatch/test_faults.py::test_what_was_sent_is_settled_when_the_store_comes_back",
        "tests/dispatch/test_watchdog.py::test_an_alarm_that_does_not_get_through_is_raised_again",
        "tests/dispatch/test_watchdog.py::test_an_older_schema_and_a_check_that_fails_blind_nobody",
        "tests/dispatch/test_watchdog_turns.py::test_one_that_freezes_while_it_tells_holds_up_the_others_for_its_turn",
        "tests/dispatch/test_quarantine.py::test_what_keeps_failing_is_quarantined_shown_and_left_in_peace",
        "tests/flows/test_confirm.py::test_rejected_fails_and_says_why",
    ],
}


@pytest.mark.parametrize(("line", "id"), [(line, id) for line, ids in TRIED.items() for id in ids])
def test_somebody_tries_it(line: str, id: str) -> None:
    file, _, name = id.partition("::")
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    found = [n for n in tree.body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef) and n.name == name]
    assert len(found) == 1, f"nobody tries any more whether {line}: {id}"
    marks = [ast.unparse(d) for d in found[0].decorator_list]
    assert not [m for m in marks if "skip" in m or "xfail" in m], f"{id} is not run"


def test_every_line_of_the_table_is_tried() -> None:
    table = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8").partition("## Where each promise is kept")[2]
    lines = re.findall(r"^\| (?!what may|-)(.+?) \|", table, re.MULTILINE)
    assert lines == list(TRIED)
