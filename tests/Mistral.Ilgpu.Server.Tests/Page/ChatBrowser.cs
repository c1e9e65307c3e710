using System.Text.Json;
using Mistral.Ilgpu.Tests.Profiling;
using OpenQA.Selenium;
using OpenQA.Selenium.Chrome;
using OpenQA.Selenium.Support.UI;
using Xunit;

namespace Mistral.Ilgpu.Server.Tests.Page;

/// <summary>One browser without a window, and the scripted server whose page it shows.</summary>
public sealed class ChatBrowser : IAsyncLifetime
{
    private readonly Lazy<ChromeDriver> _browser = new(HeadlessBrowser.Start);

    internal ScriptedServer Server { get; private set; } = null!;

    internal ChromeDriver Driver => _browser.Value;

    public async ValueTask InitializeAsync() => Server = await ScriptedServer.StartAsync();

    public async ValueTask DisposeAsync()
    {
        if (_browser.IsValueCreated)
        {
            _browser.Value.Dispose();
        }

        await Server.DisposeAsync();
    }

    /// <summary>Opens the page without any conversations.</summary>
    internal void Open(Uri? address = null, int width = 1200, int height = 800)
    {
        Server.Reset();
        HeadlessBrowser.Show(Driver, width, height, "light");
        Driver.Navigate().GoToUrl(address ?? Server.Address);
        Driver.ExecuteScript("localStorage.clear(); sessionStorage.clear();");
        Reload();
        _ = Errors();
    }

    /// <summary>Stays on the page where it is open, for tests of its modules alone.</summary>
    internal void OpenAnywhere()
    {
        if (Driver.Url != Server.Address.ToString())
        {
            Open();
        }
    }

    internal void Reload()
    {
        Driver.Navigate().Refresh();
        Until(() => Find("#send .icon").Count == 1);
    }

    /// <summary>Writes a message and sends it, by keys alone.</summary>
    internal void Send(string text) => Driver.FindElement(By.Id("prompt")).SendKeys(text + Keys.Enter);

    /// <summary>Sends a message and waits for the answer.</summary>
    internal string Ask(string text)
    {
        Send(text);
        UntilAnswered();
        return Find(".assistant .content")[^1].Text;
    }

    /// <summary>The messages that a request held, as JSON.</summary>
    internal string Messages(int request) => Server.Requests[request].GetProperty("messages").GetRawText();

    internal void UntilAnswered() => Until(() => Find("#send")[0].GetAttribute("aria-label") == "Send");

    internal IReadOnlyList<IWebElement> Find(string selector) => Driver.FindElements(By.CssSelector(selector));

    /// <summary>Clicks what a selector finds, on the screen or not.</summary>
    internal void Click(string selector, int index = 0) =>
        Driver.ExecuteScript("document.querySelectorAll(arguments[0])[arguments[1]].click()", selector, index);

    internal void Until(Func<bool> isTrue) => new WebDriverWait(Driver, TimeSpan.FromSeconds(20)).Until(_ =>
    {
        try
        {
            return isTrue();
        }
        catch (StaleElementReferenceException)
        {
            return false;
        }
    });

    /// <summary>Runs a script that returns something.</summary>
    internal T Run<T>(string script, params object[] arguments) => JsonSerializer.Deserialize<T>(
        (string)Driver.ExecuteScript($"return JSON.stringify((() => {{ {script} }})())", arguments)!)!;

    /// <summary>Imports a module of the page as <c>module</c>, and runs a script that returns something.</summary>
    internal T Import<T>(string module, string script, params object[] arguments) => JsonSerializer.Deserialize<T>(
        (string)Driver.ExecuteAsyncScript(
            $$"""
            const done = arguments[arguments.length - 1];
            import(new URL('chat/{{module}}', location.href)).then(
              module => done(JSON.stringify((() => { {{script}} })())), error => done(JSON.stringify(String(error))));
            """,
            arguments)!)!;

    /// <summary>What the browser complained of since the last call.</summary>
    internal IReadOnlyList<string> Errors() =>
    [
        .. Driver.Manage().Logs.GetLog(LogType.Browser)
            .Where(entry => entry.Level >= OpenQA.Selenium.LogLevel.Warning).Select(entry => entry.Message),
    ];
}
