using System.CommandLine;
using System.IO.Enumeration;
using Rge.Cli.Output;
using Rge.Imaging;
using Rge.Jobs;

namespace Rge.Cli.Options;

/// <summary>The options that say what is ranked: image files and folders of them, texts, a file of both.</summary>
internal sealed class CandidateOptions
{
    private readonly Option<string[]> _candidates = new("--candidates", "-c")
    {
        Description = "What to rank: image files, folders of images with all folders in them, or texts. What looks like a path must exist.",
        AllowMultipleArgumentsPerToken = true,
    };

    private readonly Option<string[]> _texts = new("--candidate-text")
    {
        Description = "Texts to rank, whatever they look like.",
        AllowMultipleArgumentsPerToken = true,
    };

    private readonly Option<FileInfo?> _file = new("--candidates-file")
    {
        Description =
            $"JSON Lines to rank, each line with any of {string.Join(", ", EmbeddingRows.Fields)}; paths are relative to the file.",
    };

    private readonly Option<string?> _instruction = new("--candidate-instruction")
    {
        Description = "The instruction that the model reads with each candidate.",
    };

    public void AddTo(Command command)
    {
        foreach (var option in (Option[])[_candidates, _texts, _file, _instruction])
            command.Add(option);
        command.Validators.Add(result =>
        {
            if (((Option[])[_candidates, _texts, _file]).All(option => result.GetResult(option) is null))
                result.AddError("There is nothing to rank: expected --candidates, --candidate-text or --candidates-file.");
            foreach (var option in (Option[])[_candidates, _texts])
            {
                if (result.GetResult(option)?.Tokens.Any(token => ImageDataUri.Is(token.Value)) == true)
                    result.AddError($"A value of {option.Name} {ImageDataUri.Problem}.");
                if (result.GetResult(option)?.Tokens.Any(token => string.IsNullOrWhiteSpace(token.Value)) == true)
                    result.AddError($"A value of {option.Name} is empty, expected a path or a text.");
            }
        });
    }

    /// <summary>The candidates, and those that are named but cannot be used.</summary>
    /// <exception cref="RgeException">A path does not exist, a folder holds no images, or the file of candidates cannot be
    /// read.</exception>
    public (IReadOnlyList<Candidate> Candidates, IReadOnlyList<CandidateProblem> Problems) Read(ParseResult parsed)
    {
        var (candidates, problems) = (new List<Candidate>(), new List<CandidateProblem>());
        var instruction = parsed.GetValue(_instruction);
        foreach (var value in parsed.GetValue(_candidates) ?? [])
            AddNamed(value);
        foreach (var text in parsed.GetValue(_texts) ?? [])
            AddText(text);
        if (parsed.GetValue(_file) is { } file)
            AddRows(file.FullName);
        return (candidates, problems);

        void AddNamed(string value)
        {
            if (Directory.Exists(value))
                AddFolder(value);
            else if (File.Exists(value))
                AddImage(value, Path.GetFileName(value));
            else if (LooksLikePath(value))
                throw new CliException(
                    $"There is no file or folder '{value}', which --candidates names; a text that looks like a path is given by "
                        + "--candidate-text."
                );
            else
                AddText(value);
        }

        void AddFolder(string folder)
        {
            string[] files = [.. Files(folder).Order(StringComparer.Ordinal)];
            var before = candidates.Count + problems.Count;
            foreach (var path in files.Where(path => ImageFileTypes.IsReadable(path) || ImageFileTypes.IsKnownUnreadable(path)))
                AddImage(path, Path.GetRelativePath(folder, path));
            if (candidates.Count + problems.Count == before)
                throw new CliException(
                    $"The folder {folder} and its subfolders contain no images (looked for "
                        + $"{string.Join(", ", ImageFileTypes.Readable)})."
                );
        }

        void AddImage(string path, string label)
        {
            if (ImageFileTypes.IsKnownUnreadable(path))
            {
                var type = Path.GetExtension(path)[1..].ToUpperInvariant();
                problems.Add(new CandidateProblem(path, $"{path} is of type {type}, which cannot be read: convert it to PNG or JPEG."));
                return;
            }
            candidates.Add(
                new Candidate(
                    label,
                    path,
                    new EmbeddingInput
                    {
                        Role = ItemRole.Target,
                        Instruction = instruction,
                        Images = [ImageSource.FromFile(path)],
                    }
                )
            );
        }

        void AddText(string text) =>
            candidates.Add(
                new Candidate(
                    text,
                    Path: null,
                    new EmbeddingInput
                    {
                        Role = ItemRole.Target,
                        Text = text,
                        Instruction = instruction,
                    }
                )
            );

        void AddRows(string path)
        {
            foreach (var row in EmbeddingRows.Read(path))
            {
                var place = $"{path}, line {row.Line}";
                if (row.Item is not { } item)
                {
                    problems.Add(new CandidateProblem(place, $"{place}: {row.Problem}."));
                    continue;
                }
                var image = item.Images is [var first, ..] ? first.Name : null;
                candidates.Add(
                    new Candidate(
                        row.Id ?? item.Text ?? Path.GetFileName(image) ?? "",
                        image,
                        item with
                        {
                            Role = ItemRole.Target,
                            Instruction = item.Instruction ?? instruction,
                        },
                        place
                    )
                );
            }
        }
    }

    /// <summary>Whether a value that names nothing was meant to: it has a separator of paths, or one word ends as file names do.</summary>
    private static bool LooksLikePath(string value) =>
        value.AsSpan().ContainsAny('/', '\\')
        || ImageFileTypes.IsReadable(value)
        || ImageFileTypes.IsKnownUnreadable(value)
        || !value.Any(char.IsWhiteSpace)
            && Path.GetExtension(value) is [_, var first, .. { Length: >= 1 and <= 4 } rest]
            && char.IsAsciiLetter(first)
            && rest.All(char.IsAsciiLetterOrDigit);

    /// <summary>
    /// The files of a folder and the folders in it; hidden ones are passed over, and links to folders not followed, as rge index does.
    /// </summary>
    private static FileSystemEnumerable<string> Files(string folder) =>
        new(
            folder,
            (ref entry) => entry.ToSpecifiedFullPath(),
            new EnumerationOptions
            {
                RecurseSubdirectories = true,
                AttributesToSkip = FileAttributes.None,
                IgnoreInaccessible = false,
            }
        )
        {
            ShouldIncludePredicate = (ref entry) => !entry.IsDirectory && entry.FileName[0] != '.',
            ShouldRecursePredicate = (ref entry) => entry.FileName[0] != '.' && !entry.Attributes.HasFlag(FileAttributes.ReparsePoint),
        };
}
