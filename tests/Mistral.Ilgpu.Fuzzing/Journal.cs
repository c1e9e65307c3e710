using System.IO.MemoryMappedFiles;
using System.Text;

namespace Mistral.Ilgpu.Fuzzing;

/// <summary>A file that holds the name of the input being read, also when the process ends in it.</summary>
internal sealed class Journal : IDisposable
{
    private const int Bytes = 64;

    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;
    private readonly byte[] _name = new byte[Bytes];

    public Journal(string path)
    {
        _file = MemoryMappedFile.CreateFromFile(path, FileMode.Create, null, Bytes);
        _view = _file.CreateViewAccessor();
    }

    public void Write(string name)
    {
        int length = Encoding.ASCII.GetBytes(name, _name);
        _name.AsSpan(length).Fill((byte)'\n');
        _view.WriteArray(0, _name, 0, Bytes);
    }

    public void Dispose()
    {
        _view.Dispose();
        _file.Dispose();
    }
}
