namespace Rge.Models.Tensors;

/// <summary>libtorch, the native library that computes, cannot be loaded. The message says why and what to do.</summary>
public sealed class NativeLibraryException : RgeException
{
    /// <summary>Creates the exception.</summary>
    public NativeLibraryException(string message)
        : base(message) { }

    /// <summary>Creates the exception around the error that revealed the problem.</summary>
    public NativeLibraryException(string message, Exception? innerException)
        : base(message, innerException) { }

    /// <summary>Creates the exception with a general message.</summary>
    public NativeLibraryException()
        : base("libtorch cannot be loaded.") { }
}
