using System.Security.Cryptography;
using System.Text;
using Rge.Files;

namespace Rge.Search.Indexing;

/// <summary>
/// The rows of a JSON Lines file, each an item: <c>id</c>, <c>text</c>, <c>image</c> or <c>images</c> (paths, from the file's folder), and
/// <c>metadata</c>, an object of texts, numbers, truth values or lists of them.
/// </summary>
/// <param name="path">The file.</param>
/// <param name="name">Name of the source; <see langword="null"/> for the file's full path.</param>
public sealed class JsonLinesSource(string path, string? name = null) : IItemSource
{
    private const int ShownCharacters = 40;

    private readonly string _path = Path.GetFullPath(path);

    /// <inheritdoc/>
    public string Name => name ?? _path;

    /// <inheritdoc/>
    public SourceListing List(CancellationToken cancellationToken)
    {
        var (places, broken) = (new OrderedDictionary<string, SourcePlace>(StringComparer.Ordinal), new List<BrokenItem>());
        try
        {
            foreach (var (number, text, problem) in TextLines.Read(_path))
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (places.Count == 0 && broken.Count == 0)
                    RequireRow(text, problem);
                var label = $"{_path}, line {number}";
                try
                {
                    var place = problem is null ? Place(text, label, number) : throw new SearchException(problem);
                    // Two equal rows are one item.
                    if (!places.TryAdd(place.Name, place) && places[place.Name].Stamp != place.Stamp)
                        throw new SearchException($"the id '{place.Name}' is that of an earlier line, too");
                }
                catch (SearchException e)
                {
                    broken.Add(new BrokenItem(label, e.Message) { Line = number });
                }
            }
        }
        catch (Exception e) when (ReadableFile.Problem(e) is not null)
        {
            throw new SearchException($"{_path} cannot be read: {ReadableFile.Problem(e)}.", e);
        }
        return new SourceListing([.. places.Values], broken);
    }

    /// <summary>Refuses a file of another format at its first line, rather than every line of it.</summary>
    private void RequireRow(string text, string? problem)
    {
        const string Expected = "expected JSON Lines: one object a line, such as {\"id\": \"1\", \"image\": \"a.jpg\"}";
        var bytes = Encoding.UTF8.GetBytes(text);
        if (GitLfsPointer.Is(bytes))
            throw new SearchException($"{GitLfsPointer.Problem(_path, bytes)}.");
        var start = text.TrimStart();
        if (problem is not null)
            throw new SearchException($"{_path} cannot be read: {problem}; {Expected}.");
        if (start.StartsWith('['))
            throw new SearchException($"{_path} is one JSON array, {Expected}.");
        if (!start.StartsWith('{'))
            throw new SearchException(
                $"{_path} starts with '{(start.Length > ShownCharacters ? start[..ShownCharacters] + "…" : start)}', {Expected}."
            );
    }

    private SourcePlace Place(string text, string label, int line)
    {
        using var row = JsonRow.Parse(text);
        var (key, folder) = (row.Key, Path.GetDirectoryName(_path)!);
        try
        {
            string[] images = [.. row.Item(folder).Images];
            var hash = Hash([text, .. images.Select(ItemFile.Stamp)]);
            return new SourcePlace(key ?? hash, hash, () => Read(text, folder)) { Label = label, Line = line };
        }
        // A row that has an id is known to be there still, whatever is wrong with it.
        catch (SearchException) when (key is not null)
        {
            return new SourcePlace(key, Hash([text]), () => Read(text, folder)) { Label = label, Line = line };
        }
    }

    private static SearchItem Read(string text, string folder)
    {
        using var row = JsonRow.Parse(text);
        var (item, images) = row.Item(folder);
        return item with { Images = [.. images.Select(ItemFile.ReadImage)] };
    }

    private static string Hash(IEnumerable<string> parts) =>
        Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', parts))));
}
