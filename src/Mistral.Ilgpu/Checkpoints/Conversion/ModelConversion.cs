namespace Mistral.Ilgpu.Checkpoints.Conversion;

/// <summary>Writes a checkpoint in another format: a GGUF file, or a folder in Hugging Face's layout.</summary>
internal static class ModelConversion
{
    /// <summary>Converts a checkpoint to a GGUF file or a folder.</summary>
    /// <param name="output">A path that ends in .gguf, or a folder that does not exist or is empty. It appears only when it is
    /// complete.</param>
    /// <param name="type">Format of the matrices; null keeps each as it is stored.</param>
    /// <returns>Bytes written.</returns>
    /// <exception cref="ModelFileException">The model cannot be read, or the output cannot be written.</exception>
    public static long Convert(
        Checkpoint checkpoint, string output, TensorFormat? type,
        IProgress<TensorProgress>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        string target = Path.GetFullPath(output);
        bool isGguf = IsGguf(output);
        string parent = Path.GetDirectoryName(target)
            ?? throw new ModelFileException(output, "found a root, expected a file or a folder to write");
        if (!Directory.Exists(parent))
        {
            throw new ModelFileException(output, $"found no folder {parent}, expected one to write in");
        }

        if (checkpoint.Holds(target))
        {
            throw new ModelFileException(output, "found the model that is read, expected another path to write");
        }

        if (isGguf
            ? Directory.Exists(target)
            : File.Exists(target) || (Directory.Exists(target) && Directory.EnumerateFileSystemEntries(target).Any()))
        {
            throw new ModelFileException(
                output, $"found something there, expected {(isGguf ? "a file" : "an empty folder")} to write");
        }

        try
        {
            using var partial = new PartialOutput(target);
            var tensors = new TensorCopy(checkpoint, progress, cancellation);
            long bytes;
            if (isGguf)
            {
                GgufExport.Write(checkpoint, partial.Path, type, tensors);
                bytes = new FileInfo(partial.Path).Length;
                File.Move(partial.Path, target, overwrite: true);
            }
            else
            {
                HuggingFaceExport.Write(checkpoint, partial.Path, type, tensors);
                bytes = Directory.EnumerateFiles(partial.Path).Sum(file => new FileInfo(file).Length);
                if (Directory.Exists(target))
                {
                    Directory.Delete(target);
                }

                Directory.Move(partial.Path, target);
            }

            return bytes;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new ModelFileException(output, $"cannot be written: {exception.Message.ReplaceLineEndings(" ")}");
        }
    }

    /// <summary>Whether GGUF files support a format.</summary>
    public static bool HoldsInGguf(TensorFormat format) => format.Descriptor().GgufType is not null;

    /// <summary>Whether a path names a GGUF file.</summary>
    public static bool IsGguf(string path) => path.EndsWith(".gguf", StringComparison.OrdinalIgnoreCase);
}
