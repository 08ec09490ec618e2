hello ${upper(name)}%{ for x in xs } ${x}%{ endfor }
