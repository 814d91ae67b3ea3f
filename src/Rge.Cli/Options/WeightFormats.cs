using System.CommandLine;
using Rge.Models.Configuration;

namespace Rge.Cli.Options;

/// <summary>Forms of weights as they are written on the command line.</summary>
internal static class WeightFormats
{
    private const string Dense = "dense";

    /// <summary>Makes the <c>--weights</c> option.</summary>
    public static Option<string> Option()
    {
        var option = new Option<string>("--weights")
        {
            Description =
                "What the linear layers' weights are rounded to while they load: int8 and int4 take a half and a quarter of the memory of "
                + "bfloat16; dense makes numbers of those that are stored in few bits. Default: as they are stored.",
        };
        option.AcceptOnlyFromAmong(Dense, "int8", "int4");
        return option;
    }

    /// <summary>The form of a name; null for that of the checkpoint.</summary>
    public static WeightFormat? Parse(string? name) =>
        name switch
        {
            "int8" => WeightFormat.Int8,
            "int4" => WeightFormat.Int4,
            Dense => WeightFormat.Dense,
            _ => null,
        };

    /// <summary>The option as part of a line that says what decides the results; nothing where it is not given.</summary>
    public static IEnumerable<string> Describe(ParseResult parsed, Option<string> option) =>
        parsed.GetValue(option) is null ? [] : [$"{option.Name}={parsed.GetValue(option)}"];
}
