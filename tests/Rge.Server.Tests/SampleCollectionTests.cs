using Rge.Server.Collections;

namespace Rge.Server.Tests;

public sealed class SampleCollectionTests
{
    [Fact]
    public async Task Examples_begin_with_those_that_only_a_rationale_answers()
    {
        using var embedder = ReasoningEmbedder.Load(Path.Combine(Repository(), "models", "shapeworld"));
        var cancel = TestContext.Current.CancellationToken;
        var images = SampleCollection.Examples.SelectMany(row => row.Candidates).SelectMany(candidate => candidate.Images).Distinct().ToList();
        var targets = await embedder.EmbedAsync(
            [.. images.Select(image => new EmbeddingInput { Role = ItemRole.Target, Instruction = SampleCollection.Instruction, Images = [image] })], cancellationToken: cancel);

        foreach (var rows in SampleCollection.Examples.GroupBy(row => row.Query.Images.Count))
        {
            var only = new List<bool>();
            foreach (var row in rows)
            {
                var right = images.IndexOf(row.Candidates[0].Images[0]);
                only.Add(await PlaceAsync(row.Query, right, ReasoningMode.On) == 1 && await PlaceAsync(row.Query, right, ReasoningMode.Off) > 1);
            }
            Assert.True(only.SequenceEqual(only.OrderDescending()), $"with {rows.Key} images: {string.Join(' ', only)}");
            // Where an image is asked about there are such; words alone get no rationale.
            if (rows.Key > 0) Assert.True(only.Take(3).All(shows => shows), string.Join(' ', only));
        }

        async Task<int> PlaceAsync(EmbeddingInput query, int right, ReasoningMode reasoning)
        {
            var embedded = await embedder.EmbedAsync(query with { Reasoning = reasoning }, cancellationToken: cancel);
            return 1 + Ranking.Rank(embedded.Vector, targets.Select(target => target.Vector)).Index().First(ranked => ranked.Item.Index == right).Index;
        }
    }

    private static string Repository()
    {
        for (var at = new DirectoryInfo(AppContext.BaseDirectory); at is not null; at = at.Parent)
            if (File.Exists(Path.Combine(at.FullName, "Rge.slnx"))) return at.FullName;
        throw new InvalidOperationException("The tests are not run from within the repository.");
    }
}
