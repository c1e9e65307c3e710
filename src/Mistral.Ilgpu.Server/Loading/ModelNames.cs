namespace Mistral.Ilgpu.Server.Loading;

/// <summary>Gives models and adapters the names by which requests tell them apart.</summary>
internal sealed class ModelNames
{
    private readonly HashSet<string> _taken = [];

    /// <summary>A name that no other has: the wanted one, with a number if it is taken.</summary>
    public string Take(string wanted)
    {
        string free = wanted;
        for (int number = 2; !_taken.Add(free); number++)
        {
            free = $"{wanted}-{number}";
        }

        return free;
    }

    /// <summary>The names of adapters: each has that of its folder or file.</summary>
    public OrderedDictionary<string, string> TakeAll(IEnumerable<string> adapters)
    {
        var names = new OrderedDictionary<string, string>();
        foreach (string adapter in adapters)
        {
            string file = Path.GetFileName(Path.TrimEndingDirectorySeparator(adapter));
            string name = Path.GetExtension(file) is ".safetensors" or ".gguf" ? Path.GetFileNameWithoutExtension(file) : file;
            names.Add(Take(name), adapter);
        }

        return names;
    }
}
