using System.CommandLine;
using System.CommandLine.Completions;
using System.CommandLine.Help;
using System.CommandLine.Invocation;
using Rge.Cli.Output;

namespace Rge.Cli;

/// <summary>
/// The help of the command line: what a verb is about first, then how the model runs and writes, in lines that fit a terminal.
/// </summary>
internal sealed class RgeHelp : SynchronousCommandLineAction
{
    private const int Width = 100,
        Indent = 2,
        Gap = 2,
        MaxLeft = 38;

    /// <summary>Options that most people leave as they are.</summary>
    private static readonly HashSet<string> OfModel = new(StringComparer.Ordinal)
    {
        "--adapter",
        "--device",
        "--dtype",
        "--preset",
        "--pooling",
        "--reasoning",
        "--direct-threshold",
        "--max-rationale-tokens",
        "--temperature",
        "--top-p",
        "--repetition-penalty",
        "--when-budget-runs-out",
        "--batch",
        "--min-pixels",
        "--max-pixels",
        "--exif-orientation",
        "--truncated-images",
    };

    private RgeHelp() { }

    /// <summary>Makes the <c>--help</c> option.</summary>
    public static Option Option() =>
        new HelpOption
        {
            Recursive = true,
            Description = "Show this help.",
            Action = new RgeHelp(),
        };

    /// <summary>Help is shown whatever else the arguments lack.</summary>
    public override bool ClearsParseErrors => true;

    /// <inheritdoc/>
    public override int Invoke(ParseResult parseResult)
    {
        ArgumentNullException.ThrowIfNull(parseResult);
        var (command, output) = (parseResult.CommandResult.Command, parseResult.InvocationConfiguration.Output);
        Option[] options =
        [
            .. command
                .Options.Concat(command.Parents.OfType<Command>().SelectMany(parent => parent.Options.Where(option => option.Recursive)))
                .Where(option => !option.Hidden)
                .OrderByDescending(option => option.Required),
        ];
        output.WriteLine("Description:");
        foreach (var line in Wrap(command.Description ?? "", Width - Indent))
            output.WriteLine($"{new string(' ', Indent)}{line}");
        output.WriteLine();
        output.WriteLine("Usage:");
        output.WriteLine($"{new string(' ', Indent)}{Usage(command)}");
        Write("Arguments:", command.Arguments.Select(argument => (argument.Name, argument.Description ?? "")));
        Write("Options:", options.Where(option => !IsOfModel(command, option)).Select(Row));
        Write("How the model runs and writes:", options.Where(option => IsOfModel(command, option)).Select(Row));
        Write("Commands:", command.Subcommands.Select(verb => (verb.Name, verb.Description ?? "")));
        return ExitCodes.Success;

        void Write(string title, IEnumerable<(string Left, string Right)> rows)
        {
            (string Left, string Right)[] all = [.. rows];
            if (all.Length == 0)
                return;
            output.WriteLine();
            output.WriteLine(title);
            var left = Math.Min(MaxLeft, all.Max(row => row.Left.Length));
            foreach (var row in all)
            {
                // What is too long for its column has a line of its own.
                var first = row.Left;
                if (first.Length > left)
                {
                    output.WriteLine($"{new string(' ', Indent)}{first}");
                    first = "";
                }
                foreach (var line in Wrap(row.Right, Width - Indent - left - Gap))
                {
                    output.WriteLine($"{new string(' ', Indent)}{first.PadRight(left + Gap)}{line}");
                    first = "";
                }
            }
        }
    }

    private static string Usage(Command command) =>
        string.Join(
            ' ',
            [
                .. command.Parents.OfType<Command>().Select(parent => parent.Name),
                command.Name,
                .. command.Arguments.Select(argument => $"<{argument.Name}>"),
                .. command.Options.Where(option => option.Required).Select(option => $"{option.Name} {Value(option)}"),
                command.Subcommands.Count > 0 ? "[command] [options]" : "[options]",
            ]
        );

    /// <summary>--seed is about writing only where the verb has a temperature to sample at.</summary>
    private static bool IsOfModel(Command command, Option option) =>
        OfModel.Contains(option.Name) || option.Name == "--seed" && command.Options.Any(other => other.Name == "--top-p");

    private static (string Left, string Right) Row(Option option)
    {
        var names = string.Join(
            ", ",
            option.Aliases.Append(option.Name).Where(name => name[0] == '-' && name != "-?").OrderBy(name => name.Length)
        );
        var rest =
            option.Required ? " (required)"
            : option.HasDefaultValue && option.ValueType != typeof(bool) && option.GetDefaultValue() is { } value && value is not Array
                ? $" [default: {value}]"
            : "";
        return ($"{names} {Value(option)}".TrimEnd(), option.Description + rest);
    }

    /// <summary>What an option takes: its values where they are few, a short name where not, nothing where it takes none.</summary>
    private static string Value(Option option)
    {
        var type = Nullable.GetUnderlyingType(option.ValueType) ?? option.ValueType;
        if (type == typeof(bool) || option is HelpOption or VersionOption)
            return "";
        if (option.HelpName is { } name)
            return $"<{name}>";
        string[] values = [.. option.GetCompletions(CompletionContext.Empty).Select(completion => completion.Label)];
        if (values.Length > 0)
            return $"<{string.Join('|', values)}>";
        return type switch
        {
            _ when type == typeof(int) || type == typeof(long) || type == typeof(ulong) => "<N>",
            _ when type == typeof(double) || type == typeof(decimal) => "<X>",
            _ when type == typeof(FileInfo) || type == typeof(FileInfo[]) => "<FILE>",
            _ when type == typeof(DirectoryInfo) => "<DIR>",
            _ => $"<{option.Name[(option.Name.LastIndexOf('-') + 1)..].ToUpperInvariant()}>",
        };
    }

    /// <summary>Breaks a text into lines; always one at least.</summary>
    private static IEnumerable<string> Wrap(string text, int width)
    {
        var line = "";
        foreach (var word in text.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (line.Length > 0 && line.Length + 1 + word.Length > width)
            {
                yield return line;
                line = "";
            }
            line += line.Length == 0 ? word : $" {word}";
        }
        yield return line;
    }
}
