using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using Microsoft.Win32.SafeHandles;
using Rge.Build;
using Rge.Files;
using TorchSharp;

namespace Rge.Models.Tensors;

/// <summary>Loads libtorch, the native library that computes.</summary>
/// <remarks>
/// TorchSharp loads it automatically at the first tensor. It is loaded here before that, because TorchSharp's own error names the wrong
/// cause and comes after it has copied all of libtorch, and because programs whose build did not make the symbol version weak that older
/// systems lack (docs/native-library.md) can be helped: a library that is in the process already is what TorchSharp then finds.
/// The libtorch of an installed PyTorch is taken instead where <see cref="FolderVariable"/> names it; that one may have CUDA.
/// </remarks>
public static partial class TorchLibrary
{
    /// <summary>The environment variable that names a folder whose libtorch is used instead of the program's.</summary>
    public const string FolderVariable = "RGE_LIBTORCH";

    internal const string Name = "LibTorchSharp";

    /// <summary>The library of libtorch that tells its version.</summary>
    internal const string Largest = "torch_cpu";

    private const string UnusedVersion = "GLIBCXX_3.4.32";

    private static readonly Lazy<NativeLibraryException?> Problem = new(() => Load(typeof(torch).Assembly, SearchFolders()));

    /// <summary>The version of libtorch that TorchSharp's own library is built for; others lack symbols that it needs.</summary>
    public static Version Expected { get; } = new(2, 10);

    /// <summary>
    /// Loads libtorch unless that has happened. Called by whatever loads a model; programs may call it at their start, to fail early.
    /// </summary>
    /// <exception cref="NativeLibraryException">libtorch cannot be loaded.</exception>
    public static void Require()
    {
        if (Problem.Value is { } problem)
            throw new NativeLibraryException(problem.Message, problem.InnerException);
    }

    /// <summary>The version of the libtorch that is loaded, and its file; <see langword="null"/> for what cannot be told.</summary>
    /// <exception cref="NativeLibraryException">libtorch cannot be loaded.</exception>
    public static (Version? Version, string? Path) Describe()
    {
        Require();
        var path = LoadedFile(FileName(Largest));
        return (path is null ? null : VersionOf(NativeLibrary.Load(path)), path);
    }

    /// <summary>Names of the libraries on this system: TorchSharp's own first, then what it needs, the needed before the needing.</summary>
    private static string[] Files { get; } = [FileName(Name), FileName("c10"), FileName(Largest), FileName("torch")];

    /// <summary>The name of a library's file on this system.</summary>
    internal static string FileName(string library) =>
        OperatingSystem.IsWindows() ? $"{library}.dll"
        : OperatingSystem.IsMacOS() ? $"lib{library}.dylib"
        : $"lib{library}.so";

    private static NativeLibraryException? Load(Assembly torchSharp, string[] folders)
    {
        if (Environment.GetEnvironmentVariable(FolderVariable) is { Length: > 0 } named)
            return InstalledTorch.Load(named, file => Find(folders, file));
        // A CUDA build has to be loaded in TorchSharp's own order.
        if (Find(folders, FileName("torch_cuda")) is not null)
            return null;
        if (NativeLibrary.TryLoad(Largest, torchSharp, null, out _) && NativeLibrary.TryLoad(Name, torchSharp, null, out _))
            return null;
        return LoadFrom(folders);
    }

    /// <summary>Loads the libraries from the folders of a program; what is wrong where that fails.</summary>
    internal static NativeLibraryException? LoadFrom(string[] folders)
    {
        var paths = Array.ConvertAll(Files, file => Find(folders, file));
        var missing = Files.Where((_, i) => paths[i] is null).ToArray();
        if (missing.Length > 0)
            return Missing(missing, folders);
        try
        {
            foreach (var path in paths[1..])
                NativeLibrary.Load(path!);
            LoadTorchSharp(paths[0]!);
            return null;
        }
        catch (Exception e) when (IsLoadError(e))
        {
            return new NativeLibraryException(IsSupported ? Explain(e.Message, Rebuild) : NotThere, e);
        }
    }

    /// <summary>Whether an error is about the files of libraries, and not a defect of the program.</summary>
    internal static bool IsLoadError(Exception error) =>
        error is DllNotFoundException or BadImageFormatException or IOException or InvalidDataException or UnauthorizedAccessException;

    private static NativeLibraryException Missing(string[] missing, string[] folders)
    {
        var folder = folders.FirstOrDefault(folder => Files.Any(file => File.Exists(Path.Combine(folder, file))))
            ?? AppContext.BaseDirectory;
        return new NativeLibraryException(
            IsSupported
                ? $"libtorch cannot be loaded: {string.Join(" and ", missing)} {(missing.Length == 1 ? "is" : "are")} not with the "
                    + $"program (looked in {folder}); "
                    + $"build or publish it for this system (dotnet publish -r {System}), or reference the package that has libtorch "
                    + "for it."
                : NotThere
        );
    }

    private static string NotThere =>
        $"libtorch cannot be loaded: it exists for linux-x64 (with the GNU C library), win-x64 and osx-arm64, and this system is {System}.";

    /// <summary>What to do about libraries of the program that are damaged.</summary>
    internal const string Rebuild = "build or publish the program again for this system";

    /// <summary>What is wrong by the loader's complaint, and what a person can do about it.</summary>
    /// <param name="complaint">What the loader says.</param>
    /// <param name="renewal">What brings libraries anew that are damaged or for another system.</param>
    internal static string Explain(string complaint, string renewal)
    {
        if (VersionMissing().Match(complaint) is { Success: true } version)
            return $"libtorch cannot be loaded: this system lacks version {version.Groups["version"].Value} of its "
                + $"{(version.Value.Contains("GLIBCXX", StringComparison.Ordinal) ? "C++" : "C")} "
                + "library; use Debian 12, Ubuntu 22.04 or a newer system.";
        if (FileMissing().Match(complaint) is { Success: true } file)
            return $"libtorch cannot be loaded: the system has no {file.Groups["file"].Value}; install the package that has it.";
        return complaint.Contains("ELF", StringComparison.Ordinal) || complaint.Contains("file too short", StringComparison.Ordinal)
            ? $"libtorch cannot be loaded: a library is damaged or for another system than {System}; {renewal}. "
                + $"The loader says: {LastLine(complaint)}"
            : $"libtorch cannot be loaded: {LastLine(complaint)}";
    }

    private static string LastLine(string complaint) =>
        complaint.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)[^1];

    /// <summary>This system by the identifier that programs for it are published with.</summary>
    private static string System { get; } =
        string.Concat(
            OperatingSystem.IsWindows() ? "win"
                : OperatingSystem.IsMacOS() ? "osx"
                : IsMusl ? "linux-musl"
                : "linux",
            "-",
            RuntimeInformation.ProcessArchitecture.ToString().ToLowerInvariant()
        );

    private static bool IsMusl =>
        RuntimeInformation.RuntimeIdentifier.Contains("musl", StringComparison.Ordinal)
        || RuntimeInformation.RuntimeIdentifier.StartsWith("alpine", StringComparison.Ordinal);

    private static bool IsSupported => System is "linux-x64" or "win-x64" or "osx-arm64";

    /// <summary>Where the runtime looks for native libraries of the program.</summary>
    private static string[] SearchFolders()
    {
        var runtime = (AppContext.GetData("NATIVE_DLL_SEARCH_DIRECTORIES") as string ?? "").Split(
            Path.PathSeparator,
            StringSplitOptions.RemoveEmptyEntries
        );
        return [.. runtime, AppContext.BaseDirectory, Path.Combine(AppContext.BaseDirectory, "runtimes", System, "native")];
    }

    private static string? Find(string[] folders, string file) =>
        folders.Select(folder => Path.Combine(folder, file)).FirstOrDefault(File.Exists);

    /// <summary>Loads TorchSharp's own library after those that it needs.</summary>
    internal static nint LoadTorchSharp(string path)
    {
        try
        {
            return NativeLibrary.Load(path);
        }
        catch (DllNotFoundException e) when (e.Message.Contains(UnusedVersion, StringComparison.Ordinal))
        {
            return LoadWeakened(path);
        }
    }

    /// <summary>The version that libtorch's largest library tells; null for one that is too old to tell.</summary>
    internal static unsafe Version? VersionOf(nint torchCpu)
    {
        if (!NativeLibrary.TryGetExport(torchCpu, "aoti_torch_abi_version", out var function))
            return null;
        var packed = ((delegate* unmanaged<ulong>)function)();
        return new Version((int)(packed >> 56), (int)(packed >> 48 & 0xff));
    }

    /// <summary>The file of a library of this process; null where the system does not tell.</summary>
    private static string? LoadedFile(string name)
    {
        using var process = Process.GetCurrentProcess();
        return process.Modules.Cast<ProcessModule>().FirstOrDefault(module => module.ModuleName == name)?.FileName;
    }

    /// <summary>Loads a copy in memory that asks for the version weakly. The file stays as it is.</summary>
    private static nint LoadWeakened(string path)
    {
        var bytes = FileReader.ReadBytes(path);
        WeakSymbolVersion.Weaken(bytes, UnusedVersion, path);
        using var memory = new SafeFileHandle(MemoryFile(Name, 0), ownsHandle: true);
        if (memory.IsInvalid)
            throw new IOException($"no memory file can be made (error {Marshal.GetLastPInvokeError()})");
        RandomAccess.Write(memory, bytes, 0);
        return NativeLibrary.Load($"/proc/self/fd/{memory.DangerousGetHandle()}");
    }

    [LibraryImport("libc.so.6", EntryPoint = "memfd_create", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int MemoryFile(string name, uint flags);

    [GeneratedRegex("version [`'](?<version>(GLIBCXX|GLIBC|CXXABI)_[0-9.]+)' not found", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex VersionMissing();

    [GeneratedRegex(@"(?<file>\S+\.so[.0-9]*): cannot open shared object file: No such file", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex FileMissing();
}
