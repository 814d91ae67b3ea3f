using System.CommandLine;
using static TorchSharp.torch;

namespace Rge.Cli.Options;

/// <summary>Number types as they are written on the command line.</summary>
internal static class DTypes
{
    /// <summary>Makes the <c>--dtype</c> option.</summary>
    public static Option<string?> Option(string description, string? defaultName = null)
    {
        var option = new Option<string?>("--dtype") { Description = description };
        if (defaultName is not null) option.DefaultValueFactory = _ => defaultName;
        option.AcceptOnlyFromAmong("float32", "bfloat16", "float16");
        return option;
    }

    /// <summary>The number type of a name; null for null.</summary>
    public static ScalarType? Parse(string? name) => name switch
    {
        null => null,
        "float32" => ScalarType.Float32,
        "bfloat16" => ScalarType.BFloat16,
        _ => ScalarType.Float16,
    };

    /// <summary>The name of a number type.</summary>
    public static string Name(ScalarType type) => type.ToString().ToLowerInvariant();
}
