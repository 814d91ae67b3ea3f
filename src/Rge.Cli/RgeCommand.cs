using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Microsoft.Extensions.VectorData;
using Rge.Cli.Options;
using Rge.Cli.Output;
using Rge.Cli.Verbs;
using Rge.Files;

namespace Rge.Cli;

/// <summary>The root of the command line: parses, runs one verb, and turns errors into one sentence and an exit code.</summary>
public static class RgeCommand
{
    private const string Name = "rge";

    /// <summary>Runs one command line.</summary>
    /// <param name="args">The arguments, without the program's name.</param>
    /// <param name="output">Where results go.</param>
    /// <param name="error">Where progress and errors go.</param>
    /// <param name="cancellationToken">Stops the work.</param>
    /// <returns>
    /// The exit code: 0 when all went well, 1 when the work could not be done or a check failed, 2 when the arguments cannot be understood,
    /// 130 after Ctrl-C.
    /// </returns>
    public static Task<int> RunAsync(string[] args, TextWriter output, TextWriter error, CancellationToken cancellationToken = default) =>
        RunAsync(args, new Terminal(output, error), cancellationToken);

    internal static async Task<int> RunAsync(string[] args, Terminal terminal, CancellationToken cancellationToken)
    {
        var (output, error) = (terminal.RawOutput, terminal.RawError);
        var parsed = Parse(args, terminal);
        if (EmptyPath(parsed) is { } empty)
            return await RefuseAsync(empty);
        if (parsed.Errors.Count > 0)
        {
            var isRoot = string.Equals(parsed.CommandResult.Command.Name, Name, StringComparison.Ordinal);
            var problem =
                isRoot && parsed.UnmatchedTokens.Count > 0 ? $"'{parsed.UnmatchedTokens[0]}' is not a command." : Problem(parsed.Errors[0]);
            return await RefuseAsync(problem);
        }
        if (StrayOption(parsed, args) is { } stray)
            return await RefuseAsync(stray);
        try
        {
            var configuration = new InvocationConfiguration
            {
                Output = output,
                Error = error,
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null,
            };
            return await parsed.InvokeAsync(configuration, cancellationToken);
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            await error.WriteLineAsync("rge: stopped.");
            return ExitCodes.Interrupted;
        }
        catch (Exception e) when (IsExpected(e))
        {
            await error.WriteLineAsync($"rge: {Sentence(e)}");
            return ExitCodes.Failure;
        }

        async Task<int> RefuseAsync(string problem)
        {
            var verb = parsed.CommandResult.Command.Name;
            await error.WriteLineAsync($"rge: {problem} See '{(verb == Name ? Name : $"{Name} {verb}")} --help'.");
            return ExitCodes.Usage;
        }
    }

    /// <summary>Parses a command line without running it. A text that starts with @ is a text, not a file of arguments.</summary>
    internal static ParseResult Parse(string[] args, Terminal terminal) =>
        Create(terminal).Parse(args.Length == 0 ? ["--help"] : args, new ParserConfiguration { ResponseFileTokenReplacer = null });

    /// <summary>
    /// An argument that was written like an option and taken for a value, as the parser does with options that it does not know; null
    /// without one.
    /// </summary>
    internal static string? StrayOption(ParseResult parsed, string[] args)
    {
        var written = args.TakeWhile(arg => arg != "--").Where(LooksLikeOption).ToHashSet(StringComparer.Ordinal);
        foreach (var result in parsed.CommandResult.Children)
        {
            if (
                result.Tokens.FirstOrDefault(token => token.Type == TokenType.Argument && written.Contains(token.Value))
                is not { Value: var stray }
            )
                continue;
            var asValue = result is OptionResult { Option.Name: var name } ? $"; as a value it is written {name}={stray}" : "";
            return $"'{stray}' is not an option of '{Name} {parsed.CommandResult.Command.Name}'{asValue}.";
        }
        return null;

        static bool LooksLikeOption(string arg) =>
            arg.TrimStart('-') is [var first, ..] word
            && arg.Length - word.Length is 1 or 2
            && char.IsAsciiLetter(first)
            && !word.Any(char.IsWhiteSpace);
    }

    /// <summary>A path that is empty, as a variable leaves it that is not set; null without one.</summary>
    private static string? EmptyPath(ParseResult parsed)
    {
        foreach (
            var result in parsed.CommandResult.Children.Where(result =>
                result.Tokens.Any(token => token.Type == TokenType.Argument && token.Value.Length == 0)
            )
        )
        {
            var (name, type) = result switch
            {
                OptionResult option => (option.Option.Name, option.Option.ValueType),
                ArgumentResult argument => (argument.Argument.Name, argument.Argument.ValueType),
                _ => ("", typeof(string)),
            };
            if (typeof(FileSystemInfo).IsAssignableFrom(type.GetElementType() ?? type))
                return $"{name} is empty, expected a path.";
        }
        return null;
    }

    /// <summary>
    /// What is wrong, on one line: the parser lists allowed values a line each, and calls numbers by the names of their types.
    /// </summary>
    private static string Problem(ParseError error)
    {
        if (IsMissing(error, ModelOptions.ModelName))
            return $"{ModelOptions.ModelName} is missing, expected the folder of a checkpoint, here or in the environment's "
                + $"{ModelOptions.ModelVariable}; 'rge pull' downloads one.";
        string[] lines = error.Message.Split((char[])['\r', '\n', '\t'], StringSplitOptions.RemoveEmptyEntries);
        var (name, type, given) = error.SymbolResult switch
        {
            OptionResult { Tokens.Count: > 0 } result => (
                result.Option.Name,
                result.Option.ValueType,
                result.Tokens.Select(token => token.Value)
            ),
            ArgumentResult { Tokens.Count: > 0, Parent: OptionResult { Option: var option } } result => (
                option.Name,
                option.ValueType,
                result.Tokens.Select(token => token.Value)
            ),
            ArgumentResult { Tokens.Count: > 0 } result => (
                result.Argument.Name,
                result.Argument.ValueType,
                result.Tokens.Select(token => token.Value)
            ),
            _ => ("", typeof(void), []),
        };
        foreach (var value in given)
            if (ExpectedNumber(type, value) is { } number)
                return $"{name} is '{value}', expected {number}.";
        // The allowed values follow the first line, in quotes.
        string[] allowed = [.. lines.Skip(1).Select(line => line.Trim().Trim('\''))];
        return given.FirstOrDefault(value => !allowed.Contains(value, StringComparer.Ordinal)) is { } other && allowed.Length > 0
            ? $"{name} is '{other}'. Must be one of: {string.Join(' ', allowed.Select(value => $"'{value}'"))}."
            : string.Join(' ', lines);
    }

    private static bool IsMissing(ParseError error, string option) =>
        error.SymbolResult is CommandResult or OptionResult { Tokens: [], IdentifierToken: null }
        && error.Message.Contains($"'{option}'", StringComparison.Ordinal);

    /// <summary>What is to be given where what was given is no number; null where it is one, and where none is expected.</summary>
    private static string? ExpectedNumber(Type type, string given) =>
        (Nullable.GetUnderlyingType(type) ?? type) switch
        {
            var number
                when (number == typeof(int) && !int.TryParse(given, CultureInfo.InvariantCulture, out _))
                    || (number == typeof(long) && !long.TryParse(given, CultureInfo.InvariantCulture, out _)) => "a whole number",
            var number when number == typeof(ulong) && !ulong.TryParse(given, CultureInfo.InvariantCulture, out _) =>
                "a whole number of 0 or more",
            var number
                when (number == typeof(double) || number == typeof(decimal))
                    && !double.TryParse(given, CultureInfo.InvariantCulture, out _) => "a number",
            _ => null,
        };

    /// <remarks>A plain command, because a <see cref="RootCommand"/> takes its name from the assembly.</remarks>
    private static Command Create(Terminal terminal) =>
        new(
            Name,
            "Reasoning-guided embeddings: a vision-language model looks at an image and an instruction, writes a short rationale, and "
                + "only then gives the embedding."
        )
        {
            DemoVerb.Create(terminal),
            RankVerb.Create(terminal),
            EmbedVerb.Create(terminal),
            IndexVerb.Create(terminal),
            SearchVerb.Create(terminal),
            CollectionsVerb.Create(terminal),
            InfoVerb.Create(terminal),
            DoctorVerb.Create(terminal),
            ServeVerb.Create(terminal),
            EvalVerb.Create(terminal),
            VerifyVerb.Create(terminal),
            NewVerb.Create(terminal),
            QuantizeVerb.Create(terminal),
            PullVerb.Create(terminal),
            RationalesVerb.Create(terminal),
            TrainVerb.Create(terminal),
            ExperimentVerb.Create(terminal),
            WorldVerb.Create(terminal),
            RgeHelp.Option(),
            new VersionOption { Description = "Show the version." },
        };

    /// <summary>
    /// The text of an error for the user. File-system errors without a message of ours name the path alone.
    /// </summary>
    private static string Sentence(Exception e)
    {
        var path = e.Message.Split('\'') is [_, var quoted, ..] ? quoted : null;
        return e switch
        {
            FileNotFoundException when path is not null => $"There is no file {path}.",
            DirectoryNotFoundException when path is not null => $"There is no folder for {path}, or a file is where a folder is expected.",
            UnauthorizedAccessException when path is not null => $"{path} cannot be read or written: "
                + $"{(Directory.Exists(path) ? "it is a folder, or permission is denied" : "permission is denied")}.",
            IOException when Path.IsPathFullyQualified(path ?? "") => $"{path} cannot be read or written: {FileProblem.Of(path!, e)}.",
            _ => e.Message,
        };
    }

    /// <summary>Errors of files, networks and checkpoints are the user's to mend; anything else is a defect and shows its stack.</summary>
    private static bool IsExpected(Exception e) =>
        e is RgeException or IOException or UnauthorizedAccessException or HttpRequestException or VectorStoreException;
}
