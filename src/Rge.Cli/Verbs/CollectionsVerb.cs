using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using Rge.Cli.Options;
using Rge.Cli.Output;
using Rge.Files;
using Rge.Search;
using Rge.Search.Collections;
using Spectre.Console;

namespace Rge.Cli.Verbs;

/// <summary><c>rge collections</c>: what a store has, and what is done to a collection as a whole. No model is needed.</summary>
internal static class CollectionsVerb
{
    private static readonly UTF8Encoding Utf8 = new(encoderShouldEmitUTF8Identifier: false);

    public static Command Create(Terminal terminal) =>
        new("collections", "List, show, delete, export and import the collections of a store, and remove what came from a source.")
        {
            List(terminal),
            Show(terminal),
            Delete(terminal),
            RemoveSource(terminal),
            Export(terminal),
            Import(terminal),
        };

    private static Command List(Terminal terminal)
    {
        var json = CommonOptions.Json();
        return Make(
            terminal,
            new Command("list", "List the collections.") { json },
            name: null,
            async (collections, parsed, cancellationToken) =>
            {
                var rows = new List<(string Name, CollectionIdentity Identity, CollectionStats Stats)>();
                foreach (var (name, identity) in await collections.ListAsync(cancellationToken))
                {
                    using var collection = await collections.OpenAsync(name, cancellationToken);
                    rows.Add((name, identity, await collection.StatsAsync(cancellationToken)));
                }
                if (parsed.GetValue(json))
                    terminal.WriteJson(new JsonArray([.. rows.Select(row => (JsonNode)Describe(row.Name, row.Identity, row.Stats))]));
                else if (rows.Count == 0)
                    terminal.RawOutput.WriteLine("no collections");
                else
                {
                    var table = new Table()
                        .Border(TableBorder.Rounded)
                        .AddColumn("collection")
                        .AddColumn(new TableColumn("items").RightAligned())
                        .AddColumn("model")
                        .AddColumn("instruction");
                    foreach (var (name, identity, stats) in rows)
                        table.AddRow(
                            Markup.Escape(name),
                            Number(stats.Records),
                            Markup.Escape(identity.Model),
                            Markup.Escape(identity.Instruction ?? "")
                        );
                    terminal.Output.Write(table);
                }
            }
        );
    }

    private static Command Show(Terminal terminal)
    {
        var (name, json) = (NameArgument(), CommonOptions.Json());
        return Make(
            terminal,
            new Command("show", "Show what a collection was made with, and the sources it was filled from.") { name, json },
            name,
            async (collections, parsed, cancellationToken) =>
            {
                using var collection = await collections.OpenAsync(parsed.GetRequiredValue(name), cancellationToken);
                var (stats, sources) = (await collection.StatsAsync(cancellationToken), await collection.SourcesAsync(cancellationToken));
                var described = Describe(collection.Name, collection.Identity, stats);
                described["sources"] = new JsonObject(sources.Select(source => KeyValuePair.Create(source.Key, (JsonNode?)source.Value)));
                if (parsed.GetValue(json))
                    terminal.WriteJson(described);
                else
                {
                    var grid = new Grid().AddColumn().AddColumn();
                    foreach (var (key, value) in described.Where(field => field.Value is not (null or JsonObject)))
                        grid.AddRow(Markup.Escape(key), Markup.Escape(value!.ToString()));
                    foreach (var (source, count) in sources)
                        grid.AddRow("source", Markup.Escape($"{source}: {Number(count)} files or rows"));
                    terminal.Output.Write(grid);
                }
            }
        );
    }

    private static Command Delete(Terminal terminal)
    {
        var name = NameArgument();
        return Make(
            terminal,
            new Command("delete", "Delete a collection with all that is in it.") { name },
            name,
            async (collections, parsed, cancellationToken) =>
            {
                // Opened first, for what is said where there is none.
                using var collection = await collections.OpenAsync(parsed.GetRequiredValue(name), cancellationToken);
                var stats = await collection.StatsAsync(cancellationToken);
                await collections.DeleteAsync(collection.Name, cancellationToken);
                terminal.RawOutput.WriteLine($"deleted {collection.Name} ({Number(stats.Records)} items)");
            }
        );
    }

    private static Command RemoveSource(Terminal terminal)
    {
        var name = NameArgument();
        var source = new Argument<string>("SOURCE")
        {
            Description =
                "The folder or file, which need not be there any more, or the name it was given; rge collections show lists them.",
        };
        return Make(
            terminal,
            new Command(
                "remove-source",
                "Remove what came from a source, such as a folder that has moved. What other sources have, too, stays."
            )
            {
                name,
                source,
            },
            name,
            async (collections, parsed, cancellationToken) =>
            {
                using var collection = await collections.OpenAsync(parsed.GetRequiredValue(name), cancellationToken);
                var (given, known) = (parsed.GetRequiredValue(source), await collection.SourcesAsync(cancellationToken));
                var path = Path.TrimEndingDirectorySeparator(Path.GetFullPath(given));
                var found = ((string[])[given, path, path + Path.DirectorySeparatorChar]).FirstOrDefault(known.ContainsKey)
                    ?? throw new CliException(
                        $"The collection {collection.Name} has nothing from {given}; it was filled from "
                            + $"{(known.Count == 0 ? "nothing" : string.Join(", ", known.Keys))}."
                    );
                var before = await collection.StatsAsync(cancellationToken);
                var removed = await collection.RemoveSourceAsync(found, cancellationToken);
                var after = await collection.StatsAsync(cancellationToken);
                terminal.RawOutput.WriteLine(
                    $"removed {Number(removed)} files or rows of {found}, and with them {Number(before.Records - after.Records)} items"
                );
            }
        );
    }

    private static Command Export(Terminal terminal)
    {
        var name = NameArgument();
        var output = new Option<FileInfo?>("--out", "-o") { Description = "The file to write; the output unless given." };
        return Make(
            terminal,
            new Command(
                "export",
                "Write a collection as JSON Lines, with vectors, thumbnails and places: a backup, or the way to another store."
            )
            {
                name,
                output,
            },
            name,
            async (collections, parsed, cancellationToken) =>
            {
                using var collection = await collections.OpenAsync(parsed.GetRequiredValue(name), cancellationToken);
                if (parsed.GetValue(output) is not { } file)
                {
                    await CollectionFile.WriteAsync(collection, terminal.RawOutput, filter: null, cancellationToken);
                    return;
                }
                var count = 0L;
                await AtomicFile.WriteAsync(file.FullName, async stream =>
                {
                    await using var writer = new StreamWriter(stream, Utf8, leaveOpen: true);
                    count = await CollectionFile.WriteAsync(collection, writer, filter: null, cancellationToken);
                });
                // The device may be the output.
                if (!AtomicFile.IsDevice(file.FullName))
                    terminal.RawOutput.WriteLine($"exported {Number(count)} items to {file}");
            }
        );
    }

    private static Command Import(Terminal terminal)
    {
        var name = NameArgument();
        var input = new Argument<FileInfo>("FILE") { Description = "What rge collections export wrote." };
        return Make(
            terminal,
            new Command("import", "Read an exported collection into a store; existing items are replaced, others stay.") { name, input },
            name,
            async (collections, parsed, cancellationToken) =>
            {
                var path = parsed.GetRequiredValue(input).FullName;
                var identity = CollectionFile.ReadIdentity(path);
                using var collection = await collections.CreateAsync(parsed.GetRequiredValue(name), identity, cancellationToken);
                var count = await collection.ImportAsync(CollectionFile.ReadAsync(path, cancellationToken), cancellationToken);
                terminal.RawOutput.WriteLine($"imported {Number(count)} items into {collection.Name}");
            },
            mustExist: false
        );
    }

    private static Argument<string> NameArgument() => new("NAME") { Description = "Name of the collection." };

    /// <summary>Gives a command its store and what it does.</summary>
    private static Command Make(
        Terminal terminal,
        Command command,
        Argument<string>? name,
        Func<SearchCollections, ParseResult, CancellationToken, Task> work,
        bool mustExist = true
    )
    {
        var options = new CollectionOptions();
        options.AddStoreTo(command);
        if (name is not null)
            CollectionOptions.RequireName(name);
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                using var collections = options.Open(parsed, terminal, mustExist);
                await work(collections, parsed, cancellationToken);
                return ExitCodes.Success;
            }
        );
        return command;
    }

    private static JsonObject Describe(string name, CollectionIdentity identity, CollectionStats stats) =>
        new()
        {
            ["name"] = name,
            ["items"] = stats.Records,
            ["places"] = stats.Places,
            ["model"] = identity.Model,
            ["fingerprint"] = identity.Fingerprint,
            ["dimensions"] = identity.Dimensions,
            ["instruction"] = identity.Instruction,
            ["reasoning"] = identity.Reasoning.ToString().ToLowerInvariant(),
            ["index"] = SearchNames.NameOf(identity.Index),
        };

    private static string Number(long count) => count.ToString("N0", CultureInfo.InvariantCulture);
}
