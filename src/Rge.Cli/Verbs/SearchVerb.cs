using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using Rge.Cli.Options;
using Rge.Cli.Output;
using Rge.Search;
using Rge.Search.Collections;
using Spectre.Console;

namespace Rge.Cli.Verbs;

/// <summary><c>rge search</c>: a query against a collection, the rationale first.</summary>
internal static class SearchVerb
{
    public static Command Create(Terminal terminal)
    {
        var (collection, model, query) = (new CollectionOptions(), new ModelOptions(), new QueryOptions());
        var where = new Option<string[]>("--where")
        {
            Description =
                "What to look among, by metadata: KEY=VALUE, KEY!=VALUE, or with <, <=, > and >=, in quotes: 'year>=2020'; may be "
                + "given several times. Values of one key after = are alternatives.",
            AllowMultipleArgumentsPerToken = true,
        };
        where.Validators.Add(result =>
        {
            try
            {
                SearchFilter.Parse(result.Tokens.Select(token => token.Value));
            }
            catch (SearchException e)
            {
                result.AddError(e.Message);
            }
        });
        var kind = new Option<string?>("--kind") { Description = "Only items of this kind." };
        kind.AcceptOnlyFromAmong([.. SearchNames.Kinds.Keys]);
        var top = new Option<int>("--top") { Description = "Hits to show.", DefaultValueFactory = _ => 10 };
        CommonOptions.AtLeast(top, 1);
        var json = CommonOptions.Json();
        var command = new Command("search", "Search a collection: shows the rationale as it is written, then the hits, best first.")
        {
            where,
            kind,
            top,
            json,
        };
        query.AddTo(command);
        collection.AddTo(command);
        model.AddTo(command);
        command.SetAction(
            async (parsed, cancellationToken) =>
            {
                var item = query.Read(parsed, ItemRole.Query);
                var filter = SearchFilter.Parse(
                    parsed.GetValue(where) ?? [],
                    parsed.GetValue(kind) is { } named ? SearchNames.Kinds[named] : null
                );
                using var collections = collection.Open(parsed, terminal, mustExist: true);
                using var opened = await collections.OpenAsync(collection.Name(parsed), cancellationToken);
                using var embedder = model.Load(parsed);
                var searcher = new Searcher(opened, embedder);
                if (parsed.GetValue(json))
                    terminal.WriteJson(
                        ToJson(await searcher.SearchAsync(item, parsed.GetValue(top), filter, cancellationToken: cancellationToken))
                    );
                else
                {
                    var updates = searcher.StreamAsync(item, parsed.GetValue(top), filter, cancellationToken: cancellationToken);
                    Print(
                        terminal,
                        await RationalePrinter.PrintAsync(
                            terminal,
                            updates.Select(update => (update.Text, update.Answer)),
                            answer => answer.Query,
                            cancellationToken
                        )
                    );
                }
                return ExitCodes.Success;
            }
        );
        return command;
    }

    private static void Print(Terminal terminal, SearchAnswer answer)
    {
        if (answer.Hits.Count == 0)
            terminal.RawOutput.WriteLine("nothing found");
        else
        {
            var table = new Table()
                .Border(TableBorder.Rounded)
                .AddColumn(new TableColumn("rank").RightAligned())
                .AddColumn(new TableColumn("cosine").RightAligned())
                .AddColumn("item")
                .AddColumn("metadata");
            var labels = HitLabels.Create([.. answer.Hits.Select(hit => hit.Record)]);
            foreach (var (place, hit) in answer.Hits.Index())
                table.AddRow(
                    (place + 1).ToString(CultureInfo.InvariantCulture),
                    hit.Score.ToString("f4", CultureInfo.InvariantCulture),
                    Markup.Escape(labels[place]),
                    Markup.Escape(string.Join(' ', hit.Record.Tags))
                );
            terminal.Output.Write(table);
        }
        var (reason, embed, search) = (answer.Timings.Reason, answer.Timings.Embed, answer.Timings.Search);
        terminal.Remark(
            string.Create(
                CultureInfo.InvariantCulture,
                $"reason {reason.TotalSeconds:f2} s, embed {embed.TotalSeconds:f2} s, search {search.TotalSeconds:f3} s"
            )
        );
    }

    private static JsonObject ToJson(SearchAnswer answer) =>
        new()
        {
            ["rationale"] = answer.Query.Rationale,
            ["rationale_tokens"] = answer.Query.RationaleIds.Count,
            ["prompt_tokens"] = answer.Query.PromptTokens,
            ["seconds"] = new JsonObject
            {
                ["reason"] = answer.Timings.Reason.TotalSeconds,
                ["embed"] = answer.Timings.Embed.TotalSeconds,
                ["search"] = answer.Timings.Search.TotalSeconds,
            },
            ["hits"] = new JsonArray([
                .. answer.Hits.Select(
                    (hit, place) =>
                        (JsonNode)
                            new JsonObject
                            {
                                ["rank"] = place + 1,
                                ["score"] = hit.Score,
                                ["id"] = hit.Record.Id,
                                ["kind"] = SearchNames.KindOf(hit.Record),
                                ["key"] = hit.Record.Key,
                                ["text"] = hit.Record.Text,
                                ["path"] = hit.Record.Path,
                                ["metadata"] = new JsonObject(
                                    hit.Record.Metadata.Select(values =>
                                        KeyValuePair.Create(
                                            values.Key,
                                            (JsonNode?)new JsonArray([.. values.Select(value => (JsonNode)value)])
                                        )
                                    )
                                ),
                            }
                ),
            ]),
        };
}
