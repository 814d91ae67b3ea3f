using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;

namespace Rge.Cli.Options;

/// <summary>Options that several verbs share.</summary>
internal static class CommonOptions
{
    /// <summary><c>--json</c>.</summary>
    public static Option<bool> Json() => new("--json") { Description = "Print one JSON document instead of text for people." };

    /// <summary><c>--ignore-column</c>.</summary>
    public static Option<string[]> IgnoredColumns() =>
        new("--ignore-column")
        {
            Description = "Columns of the data that may be left out; others that are not understood are an error.",
            AllowMultipleArgumentsPerToken = true,
        };

    /// <summary><c>--on-error</c>.</summary>
    /// <param name="description">What either choice means for the verb.</param>
    /// <param name="skips">Whether what failed is skipped where nothing is said.</param>
    public static Option<string> OnError(string description, bool skips)
    {
        var option = new Option<string>("--on-error") { Description = description, DefaultValueFactory = _ => skips ? "skip" : "fail" };
        option.AcceptOnlyFromAmong("skip", "fail");
        return option;
    }

    /// <summary>Refuses numbers that are too small.</summary>
    public static void AtLeast(Option<int> option, int least) =>
        option.Validators.Add(result =>
        {
            if (Number<int>(result) is { } value && value < least)
                result.AddError($"{option.Name} is {value}, expected at least {least}.");
        });

    /// <inheritdoc cref="AtLeast(Option{int}, int)"/>
    public static void AtLeast(Option<int?> option, int least) =>
        option.Validators.Add(result =>
        {
            if (Number<int>(result) is { } value && value < least)
                result.AddError($"{option.Name} is {value}, expected at least {least}.");
        });

    /// <summary>Refuses numbers out of a range.</summary>
    public static void Within(Option<double?> option, double least, double most) =>
        option.Validators.Add(result =>
        {
            if (Number<double>(result) is { } value && !(value >= least && value <= most))
                result.AddError(string.Create(CultureInfo.InvariantCulture, $"{option.Name} is {value}, expected {least} to {most}."));
        });

    /// <summary>
    /// What was given; null for nothing, and for what is no number, which the library itself refuses after all validators.
    /// </summary>
    public static T? Number<T>(OptionResult result)
        where T : struct
    {
        try
        {
            return result.Errors.Any() ? null : result.GetValueOrDefault<T?>();
        }
        catch (InvalidOperationException)
        {
            return null;
        }
    }
}
