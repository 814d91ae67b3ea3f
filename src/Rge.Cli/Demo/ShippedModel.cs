using Rge.Cli.Output;

namespace Rge.Cli.Demo;

/// <summary>Finds the trained models that come with the repository.</summary>
internal static class ShippedModel
{
    /// <summary>The folder of a model: the one that was named, or the shipped one.</summary>
    /// <param name="named">What the command line names; null for nothing.</param>
    /// <param name="name">The shipped model's name.</param>
    /// <exception cref="CliException">There is no such folder.</exception>
    public static string Find(DirectoryInfo? named, string name)
    {
        if (named is not null)
            return named.Exists ? named.FullName : throw new CliException($"The folder {named} does not exist; expected a checkpoint.");
        // From the working directory, and from where the program was built.
        var roots = Ancestors(AppContext.BaseDirectory).Prepend(Environment.CurrentDirectory);
        return roots.Select(root => Path.Combine(root, "models", name)).FirstOrDefault(Directory.Exists)
            ?? throw new CliException(
                $"The trained models are missing: models/{name} does not exist; train them with './rge experiment configs/headline.yaml', "
                    + "or name checkpoints of ShapeWorld by --model and --baseline."
            );
    }

    private static IEnumerable<string> Ancestors(string folder)
    {
        for (var at = new DirectoryInfo(folder); at is not null; at = at.Parent)
            yield return at.FullName;
    }
}
