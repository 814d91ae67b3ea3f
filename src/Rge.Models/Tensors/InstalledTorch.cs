using System.Runtime.InteropServices;

namespace Rge.Models.Tensors;

/// <summary>Loads the libtorch of an installed PyTorch, for programs that bring none.</summary>
/// <remarks>
/// The libraries are loaded by their paths, the needed before the needing; TorchSharp then asks for them by name and gets those that are in
/// the process. A program that has its own libtorch would make TorchSharp load that one too, which ends the process: libtorch registers its
/// operators once only.
/// </remarks>
internal static class InstalledTorch
{
    /// <summary>Loads libtorch from a folder.</summary>
    /// <param name="folder">What <see cref="TorchLibrary.FolderVariable"/> says: the folder of the libraries, one with them in <c>lib</c>,
    /// or one with them in <c>torch/lib</c>.</param>
    /// <param name="find">The path of a file of the program; null for one that it lacks.</param>
    /// <returns>What is wrong; null where all is loaded.</returns>
    public static NativeLibraryException? Load(string folder, Func<string, string?> find)
    {
        if (LibraryFolder(folder) is not { } libraries)
            return Problem(
                folder,
                $", which has no {TorchLibrary.FileName(TorchLibrary.Largest)}; expected the folder of an installed PyTorch, which "
                    + "`python3 -c 'import torch; print(torch.__path__[0])'` prints"
            );
        if (find(TorchLibrary.FileName(TorchLibrary.Largest)) is { } own)
            return Problem(
                folder,
                $", but this program has a libtorch of its own, and a process can hold one only: build it with -p:TorchBackend=none, or "
                    + $"delete {own}"
            );
        // A build of TorchSharp's library for this very libtorch may lie with it.
        var beside = Path.Combine(libraries, TorchLibrary.FileName(TorchLibrary.Name));
        var (isBuiltForIt, withProgram) = (File.Exists(beside), find(TorchLibrary.FileName(TorchLibrary.Name)));
        if (isBuiltForIt && withProgram is not null)
            return Problem(
                folder,
                $", which has a {TorchLibrary.FileName(TorchLibrary.Name)} of its own; delete the program's, which is {withProgram}"
            );
        if (!isBuiltForIt && withProgram is null)
            return Problem(folder, $", but {TorchLibrary.FileName(TorchLibrary.Name)} is neither there nor with the program");
        try
        {
            Require("c10");
            var version = TorchLibrary.VersionOf(Require(TorchLibrary.Largest));
            if (!isBuiltForIt && version != TorchLibrary.Expected)
                return Problem(
                    folder,
                    $", which is {(version is null ? "an unknown version" : $"version {version}")} of libtorch; expected "
                        + $"{TorchLibrary.Expected}: `pip install torch=={TorchLibrary.Expected}.*` installs it"
                );
            foreach (var library in (string[])["c10_cuda", "torch_cuda"])
                if (File.Exists(Path.Combine(libraries, TorchLibrary.FileName(library))))
                    Require(library);
            Require("torch");
            TorchLibrary.LoadTorchSharp(withProgram ?? beside);
            return null;
        }
        catch (Exception e) when (TorchLibrary.IsLoadError(e))
        {
            return Problem(folder, $": {TorchLibrary.Explain(e.Message, "install that PyTorch again").TrimEnd('.')}", e);
        }

        nint Require(string library) => NativeLibrary.Load(Path.Combine(libraries, TorchLibrary.FileName(library)));
    }

    /// <summary>The folder of the libraries that a given folder means; null for none.</summary>
    private static string? LibraryFolder(string folder) =>
        new[] { folder, Path.Combine(folder, "lib"), Path.Combine(folder, "torch", "lib") }
            .Select(Path.GetFullPath)
            .FirstOrDefault(candidate => File.Exists(Path.Combine(candidate, TorchLibrary.FileName(TorchLibrary.Largest))));

    private static NativeLibraryException Problem(string folder, string what, Exception? inner = null) =>
        new($"{TorchLibrary.FolderVariable} is {folder}{what}.", inner);
}
