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
                + "bfloat16; dense keeps them.",
            DefaultValueFactory = _ => Dense,
        };
        option.AcceptOnlyFromAmong(Dense, "int8", "int4");
        return option;
    }

    /// <summary>The form of a name.</summary>
    public static WeightFormat Parse(string? name) =>
        name switch
        {
            "int8" => WeightFormat.Int8,
            "int4" => WeightFormat.Int4,
            _ => WeightFormat.Dense,
        };

    /// <summary>The option as part of a line that says what decides the results; nothing where weights stay as they are.</summary>
    public static IEnumerable<string> Describe(ParseResult parsed, Option<string> option) =>
        Parse(parsed.GetValue(option)) == WeightFormat.Dense ? [] : [$"{option.Name}={parsed.GetValue(option)}"];
}
