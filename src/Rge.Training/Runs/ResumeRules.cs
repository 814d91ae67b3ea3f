using System.Globalization;
using Rge.Training.Settings;

namespace Rge.Training.Runs;

/// <summary>Which settings may change when a run resumes: those on which no step that is done has depended.</summary>
internal static class ResumeRules
{
    private const string Rule =
        "--resume may change name, threads, model.device, data.images, data.on_error, evaluation, checkpoints, phases that have not "
        + "begun, and the steps of the last that has, to more; for anything else name another folder";

    private static readonly string[] Free = ["name", "threads", "model.device", "data.images", "data.on_error"],
        FreeSections = ["evaluation.", "checkpoints."];

    /// <summary>Checks the settings of a run that resumes.</summary>
    /// <param name="folder">The run's folder, for errors.</param>
    /// <param name="begun">The settings that it was started or last resumed with.</param>
    /// <param name="now">The settings that it is to resume with.</param>
    /// <param name="step">Steps that are done.</param>
    /// <exception cref="TrainingException">A setting that must not change has changed; the message names it and both values.</exception>
    public static void Require(string folder, TrainingConfig begun, TrainingConfig now, int step)
    {
        var (before, after) = (ConfigFile.Flatten(begun), ConfigFile.Flatten(now));
        var settled = SettledPhases(begun, step);
        var changed = before
            .Keys.Union(after.Keys, StringComparer.Ordinal)
            .Where(key => before.GetValueOrDefault(key) != after.GetValueOrDefault(key) && !MayChange(key))
            .ToArray();
        if (changed.Length == 0)
            return;
        var more =
            changed.Length > 1
                ? $", and {string.Join(", ", changed[1..Math.Min(4, changed.Length)])}{(changed.Length > 4 ? " and more" : "")} differ "
                    + "as well"
                : "";
        throw new TrainingException(
            $"{folder} was begun with other settings: {changed[0]} is {Shown(after, changed[0])}, and was "
                + $"{Shown(before, changed[0])}{more}. {Rule}."
        );

        bool MayChange(string key)
        {
            if (
                Free.Contains(key, StringComparer.Ordinal) || FreeSections.Any(section => key.StartsWith(section, StringComparison.Ordinal))
            )
                return true;
            if (
                key.Split('.') is not ["phases", var number, .. var rest]
                || !int.TryParse(number, CultureInfo.InvariantCulture, out var phase)
            )
                return false;
            if (phase >= settled)
                return true;
            return rest is ["steps"]
                && phase == settled - 1
                && phase < now.Phases.Length
                && now.Phases[phase].Steps > begun.Phases[phase].Steps;
        }
    }

    /// <summary>Phases of which steps are done.</summary>
    private static int SettledPhases(TrainingConfig config, int step)
    {
        var (phases, first) = (0, 0L);
        foreach (var phase in config.Phases)
        {
            if (first >= step)
                break;
            (phases, first) = (phases + 1, first + phase.Steps);
        }
        return phases;
    }

    private static string Shown(IReadOnlyDictionary<string, string> settings, string key) =>
        settings.TryGetValue(key, out var value) ? $"'{value}'" : "not set";
}
