using System.Linq.Expressions;
using System.Numerics.Tensors;
using Microsoft.Extensions.AI;

namespace Rge.Search.Tests;

/// <content>Searches, filters and pages.</content>
public abstract partial class VectorStoreTests
{
    [Fact]
    public async Task Search_orders_as_comparing_all_does()
    {
        var things = await CreateThingsAsync();
        var vectors = Vectors(300);
        await things.UpsertAsync(
            vectors.Select(
                (vector, i) =>
                    new Thing
                    {
                        Id = $"{i:d3}",
                        Year = i % 7,
                        Vector = vector,
                    }
            ),
            Cancel
        );
        foreach (var query in Vectors(5, seed: 2))
        {
            var expected = vectors
                .Select((vector, i) => (Id: $"{i:d3}", Score: TensorPrimitives.CosineSimilarity(query, vector)))
                .OrderByDescending(pair => pair.Score)
                .ToList();
            var hits = await things.SearchAsync(new ReadOnlyMemory<float>(query), 10, cancellationToken: Cancel).ToListAsync(Cancel);
            Assert.Equal(expected.Take(10).Select(pair => pair.Id), hits.Select(hit => hit.Record.Id));
            Assert.All(hits.Zip(expected), pair => Assert.Equal(pair.Second.Score, pair.First.Score!.Value, 1e-5));

            var filtered = await things
                .SearchAsync(query, 4, new() { Filter = thing => thing.Year == 3, Skip = 2 }, Cancel)
                .ToListAsync(Cancel);
            Assert.Equal(
                expected.Where(pair => int.Parse(pair.Id, null) % 7 == 3).Skip(2).Take(4).Select(pair => pair.Id),
                filtered.Select(hit => hit.Record.Id)
            );
        }
    }

    [Fact]
    public async Task Search_takes_memory_arrays_and_embeddings_of_the_right_length()
    {
        var things = await CreateThingsAsync();
        var vector = Vectors(1)[0];
        await things.UpsertAsync(new Thing { Id = "a", Vector = vector }, Cancel);
        Assert.Single(await things.SearchAsync(new Embedding<float>(vector), 1, cancellationToken: Cancel).ToListAsync(Cancel));
        Assert.Empty(await things.SearchAsync(vector, 1, new() { ScoreThreshold = 1.1 }, Cancel).ToListAsync(Cancel));
        await Assert.ThrowsAsync<NotSupportedException>(async () =>
            await things.SearchAsync("a text", 1, cancellationToken: Cancel).ToListAsync(Cancel)
        );
        var problem = await Assert.ThrowsAsync<ArgumentException>(async () =>
            await things.SearchAsync(vector[1..], 1, cancellationToken: Cancel).ToListAsync(Cancel)
        );
        Assert.Contains("15 dimensions, expected 16", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Filters_find_what_the_same_conditions_find_in_memory()
    {
        var things = await CreateThingsAsync();
        string?[] colors = ["red", "blue", "it's", null];
        Thing[] all =
        [
            .. Vectors(80)
                .Select(
                    (vector, i) =>
                        new Thing
                        {
                            Id = $"{i:d2}",
                            Color = colors[i % 4],
                            Year = 2000 + i % 10,
                            Weight = i % 3 == 0 ? null : i / 10.0,
                            Sold = i % 2 == 0,
                            Tags = [.. Enumerable.Range(0, i % 4).Select(j => $"tag{(i + j) % 5}")],
                            Vector = vector,
                        }
                ),
        ];
        await things.UpsertAsync(all, Cancel);
        var (year, list) = (2005, new List<string?> { "red", "it's" });
        Expression<Func<Thing, bool>>[] filters =
        [
            _ => true,
            _ => false,
            t => t.Sold,
            t => !t.Sold,
            t => t.Color == "red",
            t => t.Color != "red",
            t => t.Color == null,
            t => t.Color != null,
            t => "it's" == t.Color,
            t => t.Year > year,
            t => year >= t.Year,
            t => t.Weight < 4.5,
            t => !(t.Weight < 4.5),
            t => t.Tags.Contains("tag1"),
            t => !t.Tags.Contains("tag1") && (t.Color == "blue" || t.Year == 2003),
            t => list.Contains(t.Color),
            t => !list.Contains(t.Color),
            t => t.Id == "07" || t.Id == "7",
        ];
        foreach (var filter in filters)
        {
            var expected = all.Where(filter.Compile()).Select(thing => thing.Id).ToList();
            var found = await things.GetAsync(filter, 100, cancellationToken: Cancel).Select(thing => thing.Id).ToListAsync(Cancel);
            Assert.True(expected.SequenceEqual(found), $"{filter}: {string.Join(' ', found)}, expected {string.Join(' ', expected)}");
        }
        var problem = await Assert.ThrowsAsync<NotSupportedException>(async () =>
            await things.GetAsync(t => t.Color!.StartsWith('r'), 1, cancellationToken: Cancel).ToListAsync(Cancel)
        );
        Assert.Contains("StartsWith", problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pages_are_ordered_as_asked()
    {
        var things = await CreateThingsAsync();
        await things.UpsertAsync(
            Vectors(20)
                .Select(
                    (vector, i) =>
                        new Thing
                        {
                            Id = $"{i:d2}",
                            Year = i % 3,
                            Vector = vector,
                        }
                ),
            Cancel
        );
        var page = await things
            .GetAsync(_ => true, 5, new() { Skip = 4, OrderBy = by => by.Descending(t => t.Year).Ascending(t => t.Id) }, Cancel)
            .Select(t => t.Id)
            .ToListAsync(Cancel);
        Assert.Equal(["14", "17", "01", "04", "07"], page);
    }
}
