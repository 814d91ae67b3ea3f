using System.CommandLine;
using System.Globalization;

namespace Rge.Cli;

/// <summary>Options that several verbs share.</summary>
internal static class CommonOptions
{
    /// <summary><c>--json</c>.</summary>
    public static Option<bool> Json() => new("--json") { Description = "Print one JSON document instead of text for people." };

    /// <summary>Refuses numbers that are too small.</summary>
    public static void AtLeast(Option<int> option, int least) => option.Validators.Add(result =>
    {
        if (result.Errors.Any() || result.GetValueOrDefault<int>() >= least) return;
        result.AddError($"{option.Name} is {result.GetValueOrDefault<int>()}, expected at least {least}.");
    });

    /// <summary>Refuses numbers that are too small.</summary>
    public static void AtLeast(Option<int?> option, int least) => option.Validators.Add(result =>
    {
        if (!result.Errors.Any() && result.GetValueOrDefault<int?>() is { } value && value < least) result.AddError($"{option.Name} is {value}, expected at least {least}.");
    });

    /// <summary>Refuses numbers out of a range.</summary>
    public static void Within(Option<double?> option, double least, double most) => option.Validators.Add(result =>
    {
        if (!result.Errors.Any() && result.GetValueOrDefault<double?>() is { } value && !(value >= least && value <= most))
            result.AddError(string.Create(CultureInfo.InvariantCulture, $"{option.Name} is {value}, expected {least} to {most}."));
    });
}
