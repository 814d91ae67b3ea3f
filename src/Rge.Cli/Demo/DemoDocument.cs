using System.Text.Json.Nodes;

namespace Rge.Cli.Demo;

/// <summary>The demo as one JSON document.</summary>
internal static class DemoDocument
{
    /// <summary>Makes the document.</summary>
    /// <param name="cases">The queries that are shown.</param>
    /// <param name="scores">hit@1 over all of them.</param>
    /// <param name="model">Folder of the model that reasons.</param>
    /// <param name="baseline">Folder of the baseline.</param>
    /// <param name="seed">Seed of the scenes.</param>
    /// <param name="page">The page that was written.</param>
    public static JsonObject Create(IEnumerable<DemoCase> cases, DemoScores scores, string model, string baseline, int seed, string page) =>
        new()
        {
            ["model"] = model,
            ["baseline"] = baseline,
            ["seed"] = seed,
            ["page"] = page,
            ["hit_at_1"] = new JsonArray([
                .. scores
                    .Rows()
                    .Select(row =>
                        (JsonNode)
                            new JsonObject
                            {
                                ["meta_task"] = row.Name,
                                ["queries"] = row.Queries,
                                ["reasoning_on"] = row.On / 100,
                                ["baseline"] = row.Off / 100,
                            }
                    ),
            ]),
            ["shown_rule"] = DemoChoice.Rule,
            ["shown"] = new JsonArray([
                .. cases.Select(answered =>
                    (JsonNode)
                        new JsonObject
                        {
                            ["meta_task"] = answered.Query.Group,
                            ["dataset"] = answered.Query.Dataset,
                            ["query"] = answered.Query.Text,
                            ["right"] = answered.Query.Describe(0),
                            ["reasoning_on"] = Answer(answered.Query, answered.On),
                            ["baseline"] = Answer(answered.Query, answered.Off),
                        }
                ),
            ]),
        };

    private static JsonObject Answer(DemoQuery query, DemoAnswer answer) =>
        new()
        {
            ["rationale"] = answer.Rationale,
            ["rank_of_right"] = answer.Rank,
            ["top"] = new JsonArray([
                .. answer.Top.Select(ranked =>
                    (JsonNode)new JsonObject { ["score"] = ranked.Score, ["candidate"] = query.Describe(ranked.Index) }
                ),
            ]),
        };
}
